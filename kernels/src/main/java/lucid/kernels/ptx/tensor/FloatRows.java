package lucid.kernels.ptx.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.ptx.tensor.form.Element;

/// A staged factor, `stage[word][count]`, as floats `[k][count]`, which hold every floating-point factor exactly: what [RowPairs] spreads out.
///
/// One loop over a whole factor for each kind of type: calls for eight rows at a time had cost as much as the work.
final class FloatRows {
    private FloatRows() {}

    /// @param count rows or columns, a multiple of 8
    static void widen(Element type, int[] stage, int words, int count, float[] out) {
        switch (type) {
            case BF16 -> bf16(stage, words, count, out);
            case TF32 -> tf32(stage, words * count, out);
            // Where the lowest bit of the exponent comes to stand, what the exponent's bias lacks, and the least magnitude that is no number.
            case F16 -> small(16, 3, 0x0fffe000, 0x1p112f, 0x0f800000, stage, words, count, out);
            case E5M2 -> small(8, 3, 0x0fe00000, 0x1p112f, 0x0f800000, stage, words, count, out);
            case E4M3 -> small(8, 4, 0x07f00000, 0x1p120f, 0x07f00000, stage, words, count, out);
            default -> throw new IllegalStateException("a factor of a product into f32 cannot be ." + type.text());
        }
    }

    private static void bf16(int[] stage, int words, int count, float[] out) {
        for (int w = 0; w < words; w++) {
            for (int i = 0; i < count; i += 8) {
                IntVector word = IntVector.fromArray(DotTiles.I, stage, w * count + i);
                word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(out, 2 * w * count + i);
                word.and(0xffff0000).reinterpretAsFloats().intoArray(out, (2 * w + 1) * count + i);
            }
        }
    }

    private static void tf32(int[] stage, int size, float[] out) {
        for (int i = 0; i < size; i += 8) {
            IntVector word = IntVector.fromArray(DotTiles.I, stage, i);
            FloatVector whole = word.reinterpretAsFloats();
            word.and(0xffffe000).reinterpretAsFloats().blend(whole, whole.compare(VectorOperators.NE, whole)).intoArray(out, i);
        }
    }

    /// Types of 8 and 16 bits: exponent and fraction are moved into f32's place and scaled by the difference of the biases, which is exact for
    /// subnormals too.
    ///
    /// @param down how far exponent and fraction move down from below the sign
    /// @param mask of exponent and fraction there
    /// @param special the least of them that is an infinity or a NaN: the largest exponent stays the largest
    private static void small(int width, int down, int mask, float scale, int special, int[] stage, int words, int count, float[] out) {
        int perWord = 32 / width;
        for (int k = 0; k < words * perWord; k++) {
            int up = 32 - width - k % perWord * width;
            for (int i = 0; i < count; i += 8) {
                IntVector upper = IntVector.fromArray(DotTiles.I, stage, k / perWord * count + i).lanewise(VectorOperators.LSHL, up);
                IntVector magnitude = upper.lanewise(VectorOperators.LSHR, down).and(mask);
                IntVector bits = magnitude.reinterpretAsFloats().mul(scale).reinterpretAsInts();
                bits.blend(magnitude.or(0x7f800000), magnitude.compare(VectorOperators.GE, special)).or(upper.and(0x80000000)).reinterpretAsFloats()
                        .intoArray(out, k * count + i);
            }
        }
    }
}
