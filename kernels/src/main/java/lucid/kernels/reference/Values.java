package lucid.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;

/// Moves matrices and buffers in and out of plain `double` arrays, so that every formula of this package can be read as in a textbook.
/// Widening is exact; a result is rounded once, on the way back.
final class Values {
    private Values() {}

    /// All elements, `[row][col]`.
    static double[][] read(Matrix m) {
        double[][] values = new double[m.rows()][m.cols()];
        MemorySegment segment = HostBuffer.segment(m);
        for (int r = 0; r < m.rows(); r++) {
            for (int c = 0; c < m.cols(); c++) values[r][c] = get(segment, m.dtype(), m.offset() + r * m.stride() + c);
        }
        return values;
    }

    /// The matrix, transposed if asked for: `op(m)`.
    static double[][] read(Matrix m, boolean transpose) {
        double[][] values = read(m);
        if (!transpose) return values;
        double[][] turned = new double[m.cols()][m.rows()];
        for (int r = 0; r < m.rows(); r++) {
            for (int c = 0; c < m.cols(); c++) turned[c][r] = values[r][c];
        }
        return turned;
    }

    static double[] read(Buffer b) {
        double[] values = new double[Math.toIntExact(b.length())];
        MemorySegment segment = HostBuffer.of(b).segment();
        for (int i = 0; i < values.length; i++) values[i] = get(segment, b.dtype(), i);
        return values;
    }

    static int[] readInts(Buffer b) {
        int[] values = new int[Math.toIntExact(b.length())];
        MemorySegment.copy(HostBuffer.of(b).segment(), ValueLayout.JAVA_INT, 0, values, 0, values.length);
        return values;
    }

    /// `m = values`, rounded.
    static void write(double[][] values, Matrix m) {
        for (int r = 0; r < m.rows(); r++) writeRow(values[r], m, r);
    }

    static void writeRow(double[] values, Matrix m, int r) {
        MemorySegment segment = HostBuffer.segment(m);
        for (int c = 0; c < m.cols(); c++) set(segment, m.dtype(), m.offset() + r * m.stride() + c, values[c]);
    }

    /// `m = values` or `m = m + values`, one rounding either way.
    static void write(double[][] values, Accumulate mode, Matrix m) {
        switch (mode) {
            case SET -> write(values, m);
            case ADD -> {
                double[][] old = read(m);
                for (int r = 0; r < m.rows(); r++) {
                    for (int c = 0; c < m.cols(); c++) old[r][c] += values[r][c];
                }
                write(old, m);
            }
        }
    }

    static void write(double[] values, Buffer b) {
        MemorySegment segment = HostBuffer.of(b).segment();
        for (int i = 0; i < values.length; i++) set(segment, b.dtype(), i, values[i]);
    }

    static void write(int[] values, Buffer b) {
        MemorySegment.copy(values, 0, HostBuffer.of(b).segment(), ValueLayout.JAVA_INT, 0, values.length);
    }

    private static double get(MemorySegment s, DType type, long i) {
        return switch (type) {
            case F32 -> s.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            case BF16 -> bf16(s.getAtIndex(ValueLayout.JAVA_SHORT, i));
            case F16 -> Float.float16ToFloat(s.getAtIndex(ValueLayout.JAVA_SHORT, i));
            case I32 -> s.getAtIndex(ValueLayout.JAVA_INT, i);
            case U8 -> Byte.toUnsignedInt(s.getAtIndex(ValueLayout.JAVA_BYTE.withByteAlignment(1), i));
            case I64 -> throw new IllegalArgumentException("reference: I64 does not fit a double; wanted another dtype");
        };
    }

    private static void set(MemorySegment s, DType type, long i, double value) {
        switch (type) {
            case F32 -> s.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
            case BF16 -> s.setAtIndex(ValueLayout.JAVA_SHORT, i, bf16((float) value));
            case F16 -> s.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16((float) value));
            case I32, I64, U8 -> throw new IllegalArgumentException("reference: a real result does not fit " + type + "; wanted F32, BF16 or F16");
        }
    }

    /// bf16 is the upper half of an f32.
    ///
    ///     f32   s eeeeeeee mmmmmmm mmmmmmmmmmmmmmmm
    ///     bf16  s eeeeeeee mmmmmmm
    static float bf16(short bits) { return Float.intBitsToFloat(bits << 16); }

    /// Round to nearest, ties to even: add just under half a unit, plus the bit that makes ties even. A NaN is cut and kept quiet, lest its rounding
    /// carry make it infinite.
    static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) return (short) (bits >>> 16 | 0x40);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }
}
