package lucid.nn.file;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/// One tensor of an open file: a name, a type, a shape and the mapped bytes, which live as long as the file is open.
///
/// @param data exactly `elements() · type.bytes()` bytes, little-endian, row-major; not necessarily aligned
public record StoredTensor(Path file, String name, StoredType type, long[] shape, MemorySegment data) {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Number of elements; 1 for the empty shape of a scalar.
    public long elements() {
        long n = 1;
        for (long d : shape) n *= d;
        return n;
    }

    /// Shape with int sizes; refuses what does not fit.
    public int[] intShape() { return Arrays.stream(shape).mapToInt(Math::toIntExact).toArray(); }

    /// Whether it can be a weight: integers and booleans cannot.
    public boolean isFloating() {
        return switch (type) {
            case F64, F32, F16, BF16 -> true;
            case I64, U64, I32, U32, I16, U16, I8, U8, BOOL -> false;
        };
    }

    /// Element i as a double, whatever the type (64-bit integers beyond 2^53 are rounded).
    public double value(long i) {
        return switch (type) {
            case F64 -> data.get(F64, i * 8);
            case F32 -> data.get(F32, i * 4);
            case F16 -> Float.float16ToFloat(data.get(I16, i * 2));
            case BF16 -> Float.intBitsToFloat(data.get(I16, i * 2) << 16);
            case I64 -> data.get(I64, i * 8);
            case U64 -> unsigned(data.get(I64, i * 8));
            case I32 -> data.get(I32, i * 4);
            case U32 -> Integer.toUnsignedLong(data.get(I32, i * 4));
            case I16 -> data.get(I16, i * 2);
            case U16 -> Short.toUnsignedInt(data.get(I16, i * 2));
            case I8 -> data.get(ValueLayout.JAVA_BYTE, i);
            case U8, BOOL -> data.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
        };
    }

    private static double unsigned(long bits) { return bits >= 0 ? bits : (bits >>> 1 | bits & 1) * 2.0; }

    /// Whether another one has the same shape and the same numbers, in whichever type. Bytes are compared first: numbers are looked at only where
    /// those differ.
    public boolean sameNumbers(StoredTensor other) {
        if (!Arrays.equals(shape, other.shape)) return false;
        long differs = type == other.type ? data.mismatch(other.data) : 0;
        if (differs < 0) return true;
        for (long i = differs / type.bytes(), n = elements(); i < n; i++) if (value(i) != other.value(i)) return false;
        return true;
    }

    /// All elements as f32; exact for every stored type that f32 can hold.
    public float[] toFloats() {
        float[] out = new float[Math.toIntExact(elements())];
        if (type == StoredType.F32) {
            MemorySegment.copy(data, F32, 0, out, 0, out.length);
        } else {
            for (int i = 0; i < out.length; i++) out[i] = (float) value(i);
        }
        return out;
    }

    /// All elements of an integer tensor; those of u64 as raw bits.
    public long[] toLongs() {
        if (isFloating()) throw WeightFileException.of(file, name, type + " " + Arrays.toString(shape), "an integer type");
        long[] out = new long[Math.toIntExact(elements())];
        for (int i = 0; i < out.length; i++) out[i] = type == StoredType.I64 || type == StoredType.U64 ? data.get(I64, i * 8L) : (long) value(i);
        return out;
    }

    /// Refuses another shape, naming file and tensor.
    public void requireShape(String reason, int... wanted) {
        long[] w = Arrays.stream(wanted).asLongStream().toArray();
        if (!Arrays.equals(shape, w)) {
            throw WeightFileException.of(file, name, "shape " + Arrays.toString(shape), Arrays.toString(wanted) + " (" + reason + ")");
        }
    }

    /// Refuses what cannot be a weight, naming file and tensor.
    public void requireFloating() {
        if (!isFloating()) throw WeightFileException.of(file, name, type.toString(), "a floating type");
    }

    @Override public boolean equals(Object o) {
        return o instanceof StoredTensor t && file.equals(t.file) && name.equals(t.name) && type == t.type && Arrays.equals(shape, t.shape);
    }

    @Override public int hashCode() { return name.hashCode(); }

    @Override public String toString() { return name + " " + type + Arrays.toString(shape); }
}
