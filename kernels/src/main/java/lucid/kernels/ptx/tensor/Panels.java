package lucid.kernels.ptx.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Factors as [DotTiles] multiplies them: doubles, made once per instruction from staged words, `stage[word][count]`, a word holding neighbours in k.
///
/// A panel of A is 8 rows, `[k][8]`; a panel of B is 16 columns, two n8 tiles, `[k][16]`: the two vectors of a step of k are one run of memory.
final class Panels {
    /// Bytes from one k to the next in a panel of A.
    static final long LEFT = 8 * 8;
    /// Bytes from one k to the next in a panel of B.
    static final long RIGHT = 16 * 8;
    private static final int L = DotTiles.L;

    private Panels() {}

    /// Where column n stands among the columns of B and in a row of a block: even ones first in every eight.
    static int column(int n) { return n & ~7 | (n & 1) << 2 | (n & 7) >> 1; }

    /// Where the panel of A begins that holds row `row`, a multiple of 8.
    static long left(int row, int depth) { return row / 8 * LEFT * depth; }

    /// Where the columns of an n8 tile of B begin.
    static long right(int tile, int depth) { return tile / 2 * RIGHT * depth + tile % 2 * (RIGHT / 2); }

    /// Changes the sign of every element: all floating types have theirs in the highest bit.
    static void negate(Element type, int[] stage, int words) {
        int signs = switch (type.bytes()) {
            case 1 -> 0x8080_8080;
            case 2 -> 0x8000_8000;
            default -> 0x8000_0000;
        };
        for (int i = 0; i < words; i++) stage[i] ^= signs;
    }

    /// All rows of A.
    static void expandLeft(Element type, int[] stage, int rows, int words, MemorySegment out) {
        int depth = words * type.perWord();
        for (int row = 0; row < rows; row += 8) expand(type, stage, row, rows, words, out, left(row, depth), LEFT);
    }

    /// All columns of B.
    static void expandRight(Element type, int[] stage, int columns, int words, MemorySegment out) {
        int depth = words * type.perWord();
        for (int column = 0; column < columns; column += 8) expand(type, stage, column, columns, words, out, right(column / 8, depth), RIGHT);
    }

    /// Eight rows or columns. One small method per type, so that each is compiled on its own.
    private static void expand(Element type, int[] stage, int first, int count, int words, MemorySegment out, long at, long step) {
        for (int part = 0; part < 8; part += L) {
            int from = first + part;
            long to = at + 8 * part;
            switch (type) {
                case BF16 -> bf16(stage, from, count, words, out, to, step);
                case F16 -> f16(stage, from, count, words, out, to, step);
                case TF32 -> tf32(stage, from, count, words, out, to, step);
                case S8, S4 -> signed(type.bits(), stage, from, count, words, out, to, step);
                case U8, U4 -> unsigned(type.bits(), stage, from, count, words, out, to, step);
                default -> scalar(type, stage, from, count, words, out, to, step);
            }
        }
    }

    private static void bf16(int[] stage, int from, int count, int words, MemorySegment out, long to, long step) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            FloatVector low = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector high = word.and(0xffff0000).reinterpretAsFloats();
            ((DoubleVector) low.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(out, to + step * 2 * w, DotTiles.NATIVE);
            ((DoubleVector) high.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(out, to + step * (2 * w + 1), DotTiles.NATIVE);
        }
    }

    /// Exponent and fraction of f16 moved into f32's place and scaled by 2^(127 - 15), which is exact for subnormals too.
    private static void f16(int[] stage, int from, int count, int words, MemorySegment out, long to, long step) {
        for (int i = 0; i < 2 * words; i++) {
            IntVector upper = IntVector.fromArray(DotTiles.I, stage, from + (i >> 1) * count).lanewise(VectorOperators.LSHL, 16 * (1 - (i & 1)));
            IntVector magnitude = upper.lanewise(VectorOperators.LSHR, 3).and(0x0fffe000);
            IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
            // Infinity and NaN: the largest exponent stays the largest.
            bits = bits.blend(magnitude.or(0x7f800000), magnitude.compare(VectorOperators.GE, 0x0f800000)).or(upper.and(0x80000000));
            ((DoubleVector) bits.reinterpretAsFloats().convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(out, to + step * i, DotTiles.NATIVE);
        }
    }

    private static void tf32(int[] stage, int from, int count, int words, MemorySegment out, long to, long step) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            FloatVector whole = word.reinterpretAsFloats();
            FloatVector x = word.and(0xffffe000).reinterpretAsFloats().blend(whole, whole.compare(VectorOperators.NE, whole));
            ((DoubleVector) x.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(out, to + step * w, DotTiles.NATIVE);
        }
    }

    private static void signed(int width, int[] stage, int from, int count, int words, MemorySegment out, long to, long step) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            for (int j = 0; j < 32; j += width, to += step) {
                IntVector value = word.lanewise(VectorOperators.LSHL, 32 - width - j).lanewise(VectorOperators.ASHR, 32 - width);
                ((DoubleVector) value.convertShape(VectorOperators.I2D, DotTiles.D, 0)).intoMemorySegment(out, to, DotTiles.NATIVE);
            }
        }
    }

    private static void unsigned(int width, int[] stage, int from, int count, int words, MemorySegment out, long to, long step) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            for (int j = 0; j < 32; j += width, to += step) {
                IntVector value = word.lanewise(VectorOperators.LSHL, 32 - width - j).lanewise(VectorOperators.LSHR, 32 - width);
                ((DoubleVector) value.convertShape(VectorOperators.I2D, DotTiles.D, 0)).intoMemorySegment(out, to, DotTiles.NATIVE);
            }
        }
    }

    private static void scalar(Element type, int[] stage, int from, int count, int words, MemorySegment out, long to, long step) {
        for (int w = 0; w < words; w++) {
            for (int j = 0; j < type.perWord(); j++, to += step) {
                for (int i = 0; i < L; i++) out.set(JAVA_DOUBLE_UNALIGNED, to + 8L * i, type.value(stage[from + w * count + i] >>> j * type.bits()));
            }
        }
    }
}
