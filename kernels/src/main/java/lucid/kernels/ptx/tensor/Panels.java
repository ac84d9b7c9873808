package lucid.kernels.ptx.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.ptx.tensor.form.Element;

/// Factors as [DotTiles] multiplies them: doubles, made once per instruction from staged words, `stage[word][count]`, a word holding neighbours in k.
///
/// A panel is 16 rows of A or 16 columns of B, two blocks of 8: `[k][16]`.
///
/// A bounds check of every access costs as much as the access. Panels are looked at through slices of a constant size instead ([#slice]), and k is
/// masked to what fits them: then C2 proves that every access lies inside, and checks nothing. That is why panels are followed by [#SLICE] bytes.
final class Panels {
    /// Bytes from one k to the next.
    static final long STEP = 16 * 8;
    /// Bytes from one block of a panel to the other.
    static final long BLOCK = 8 * 8;
    /// No instruction has more (`mma.m16n8k64`).
    static final int DEEPEST = 64;
    /// What [#slice] shows.
    static final long SLICE = DEEPEST * STEP;
    private static final int L = DotTiles.L;

    private Panels() {}

    /// Where column n stands among the columns of B and in a row of a block: even ones first in every eight.
    static int column(int n) { return n & ~7 | (n & 1) << 2 | (n & 7) >> 1; }

    /// Where a block begins that holds eight rows or columns from the multiple `first` of 8 on.
    static long at(int first, int depth) { return first / 16 * STEP * depth + first % 16 / 8 * BLOCK; }

    /// Bytes of panels of `count` rows or columns, with what a slice may show behind them.
    static long bytes(int count, int depth) { return (count + 8) / 16 * STEP * depth + SLICE; }

    /// A block, or a panel, in any depth that there is.
    static MemorySegment slice(MemorySegment panels, long at) { return panels.asSlice(at, SLICE - BLOCK); }

    /// Changes the sign of every element: all floating types have theirs in the highest bit.
    static void negate(Element type, int[] stage, int words) {
        int signs = switch (type.bytes()) {
            case 1 -> 0x8080_8080;
            case 2 -> 0x8000_8000;
            default -> 0x8000_0000;
        };
        for (int i = 0; i < words; i++) stage[i] ^= signs;
    }

    /// Rows of A or columns of B, as many as there are staged.
    static void expand(Element type, int[] stage, int count, int words, MemorySegment out) {
        int depth = words * type.perWord();
        for (int first = 0; first < count; first += 8) expand(type, stage, first, count, words, out, at(first, depth));
    }

    /// Eight rows or columns. One small method per type, so that each is compiled on its own.
    private static void expand(Element type, int[] stage, int first, int count, int words, MemorySegment out, long at) {
        for (int part = 0; part < 8; part += L) {
            int from = first + part;
            long to = at + 8 * part;
            switch (type) {
                case BF16 -> bf16(stage, from, count, words, out, to);
                case F16 -> f16(stage, from, count, words, out, to);
                case TF32 -> tf32(stage, from, count, words, out, to);
                case S8, S4 -> signed(type.bits(), stage, from, count, words, out, to);
                case U8, U4 -> unsigned(type.bits(), stage, from, count, words, out, to);
                default -> scalar(type, stage, from, count, words, out, to);
            }
        }
    }

    private static void bf16(int[] stage, int from, int count, int words, MemorySegment out, long to) {
        MemorySegment block = slice(out, to);
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            FloatVector low = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector high = word.and(0xffff0000).reinterpretAsFloats();
            long k = 2 * STEP * (w & DEEPEST / 2 - 1);
            ((DoubleVector) low.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(block, k, DotTiles.NATIVE);
            ((DoubleVector) high.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(block, k + STEP, DotTiles.NATIVE);
        }
    }

    /// Exponent and fraction of f16 moved into f32's place and scaled by 2^(127 - 15), which is exact for subnormals too.
    private static void f16(int[] stage, int from, int count, int words, MemorySegment out, long to) {
        MemorySegment block = slice(out, to);
        for (int i = 0; i < 2 * words; i++) {
            IntVector upper = IntVector.fromArray(DotTiles.I, stage, from + (i >> 1) * count).lanewise(VectorOperators.LSHL, 16 * (1 - (i & 1)));
            IntVector magnitude = upper.lanewise(VectorOperators.LSHR, 3).and(0x0fffe000);
            IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
            // Infinity and NaN: the largest exponent stays the largest.
            bits = bits.blend(magnitude.or(0x7f800000), magnitude.compare(VectorOperators.GE, 0x0f800000)).or(upper.and(0x80000000));
            ((DoubleVector) bits.reinterpretAsFloats().convertShape(VectorOperators.F2D, DotTiles.D, 0))
                    .intoMemorySegment(block, STEP * (i & DEEPEST - 1), DotTiles.NATIVE);
        }
    }

    private static void tf32(int[] stage, int from, int count, int words, MemorySegment out, long to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            FloatVector whole = word.reinterpretAsFloats();
            FloatVector x = word.and(0xffffe000).reinterpretAsFloats().blend(whole, whole.compare(VectorOperators.NE, whole));
            ((DoubleVector) x.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoMemorySegment(out, to + STEP * w, DotTiles.NATIVE);
        }
    }

    private static void signed(int width, int[] stage, int from, int count, int words, MemorySegment out, long to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            for (int j = 0; j < 32; j += width, to += STEP) {
                IntVector value = word.lanewise(VectorOperators.LSHL, 32 - width - j).lanewise(VectorOperators.ASHR, 32 - width);
                ((DoubleVector) value.convertShape(VectorOperators.I2D, DotTiles.D, 0)).intoMemorySegment(out, to, DotTiles.NATIVE);
            }
        }
    }

    private static void unsigned(int width, int[] stage, int from, int count, int words, MemorySegment out, long to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, from + w * count);
            for (int j = 0; j < 32; j += width, to += STEP) {
                IntVector value = word.lanewise(VectorOperators.LSHL, 32 - width - j).lanewise(VectorOperators.LSHR, 32 - width);
                ((DoubleVector) value.convertShape(VectorOperators.I2D, DotTiles.D, 0)).intoMemorySegment(out, to, DotTiles.NATIVE);
            }
        }
    }

    private static void scalar(Element type, int[] stage, int from, int count, int words, MemorySegment out, long to) {
        for (int w = 0; w < words; w++) {
            for (int j = 0; j < type.perWord(); j++, to += STEP) {
                for (int i = 0; i < L; i++) out.set(JAVA_DOUBLE_UNALIGNED, to + 8L * i, type.value(stage[from + w * count + i] >>> j * type.bits()));
            }
        }
    }
}
