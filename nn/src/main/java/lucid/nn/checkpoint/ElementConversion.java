package lucid.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.function.LongToDoubleFunction;
import lucid.nn.file.NewTensor;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;

/// Elements of a stored tensor in another floating type, rounded to nearest even. A finite value that becomes infinite is refused: f16 ends at 65504.
final class ElementConversion {
    private ElementConversion() {}

    /// The type a tensor is written in: `wanted` for floating ones, its own otherwise.
    static StoredType target(StoredTensor t, StoredType wanted) { return wanted == null || !t.isFloating() ? t.type() : wanted; }

    static NewTensor.Source source(StoredTensor t, StoredType to) {
        int size = to.bytes();
        if (t.type() == to)
            return (from, count, chunk) -> MemorySegment.copy(t.data(), from * size, MemorySegment.ofBuffer(chunk), 0, (long) count * size);
        return source(t, t::value, to);
    }

    /// The same for other values in the tensor's place.
    static NewTensor.Source source(StoredTensor t, LongToDoubleFunction values, StoredType to) {
        return switch (to) {
            case F32 -> (from, count, chunk) -> {
                for (int i = 0; i < count; i++) chunk.putFloat(single(t, values.applyAsDouble(from + i), from + i));
            };
            case F16 -> (from, count, chunk) -> {
                for (int i = 0; i < count; i++) {
                    double v = values.applyAsDouble(from + i);
                    putHalf(t, v, from + i, Float.floatToFloat16(single(t, v, from + i)), 0x7C00, chunk);
                }
            };
            case BF16 -> (from, count, chunk) -> {
                for (int i = 0; i < count; i++) {
                    double v = values.applyAsDouble(from + i);
                    putHalf(t, v, from + i, bf16(single(t, v, from + i)), 0x7F80, chunk);
                }
            };
            default -> throw new IllegalArgumentException("type of the converted weights: found " + to + ", wanted F32, F16 or BF16");
        };
    }

    // Through f32: an f64 is rounded twice on its way to 16 bits.
    private static float single(StoredTensor t, double v, long i) {
        float f = (float) v;
        if (Float.isInfinite(f) && !Double.isInfinite(v)) throw overflow(t, v, i, "F32");
        return f;
    }

    private static void putHalf(StoredTensor t, double v, long i, short bits, int infinity, ByteBuffer chunk) {
        if ((bits & 0x7FFF) == infinity && !Double.isInfinite(v)) throw overflow(t, v, i, infinity == 0x7C00 ? "F16" : "BF16");
        chunk.putShort(bits);
    }

    /// The upper half of an f32, rounded to nearest even; a NaN stays one.
    static short bf16(float v) {
        int bits = Float.floatToRawIntBits(v);
        if (v != v) return (short) (bits >>> 16 | 0x40);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    private static WeightFileException overflow(StoredTensor t, double v, long i, String type) {
        return WeightFileException.of(t.file(), t.name(), "the value " + v + " at element " + i,
                "values that " + type + " can hold; convert to another type");
    }
}
