package lucid.kernels.simd.vector;

import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.HALF;
import static lucid.kernels.simd.vector.Species.I;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.operand.DType;

/// Loads f32, bf16 or f16 elements as f32. Widening is exact.
public final class Widen {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
    /// 2^112: the difference of the exponent biases of f32 and f16.
    private static final float REBIAS = 0x1p112f;

    private Widen() {}

    /// LANES elements from byte offset `at`.
    public static FloatVector vector(MemorySegment from, long at, DType type) {
        if (type == DType.F32) return FloatVector.fromMemorySegment(F, from, at, NATIVE);
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(HALF, from, at, NATIVE).convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
        return type == DType.BF16 ? bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats() : f16(bits);
    }

    /// One element at byte offset `at`.
    public static float scalar(MemorySegment from, long at, DType type) {
        return switch (type) {
            case F32 -> from.get(FLOAT, at);
            case BF16 -> Float.intBitsToFloat(from.get(SHORT, at) << 16);
            case F16 -> Float.float16ToFloat(from.get(SHORT, at));
            default -> throw new IllegalArgumentException("no float in " + type);
        };
    }

    /// f16 bits in the low halves of the lanes -> f32. The exponent and fraction, shifted into place, mean the value times 2^-112; the multiplication
    /// is exact and normalises subnormals. What reaches 2^16 was infinity or NaN and gets the exponent of those.
    static FloatVector f16(IntVector bits) {
        FloatVector magnitude = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBIAS);
        IntVector sign = bits.and(0x8000).lanewise(VectorOperators.LSHL, 16);
        IntVector value = magnitude.reinterpretAsInts();
        IntVector wide = value.lanewise(VectorOperators.OR, 0x7F800000, value.compare(VectorOperators.GE, 0x47800000));
        return wide.or(sign).reinterpretAsFloats();
    }
}
