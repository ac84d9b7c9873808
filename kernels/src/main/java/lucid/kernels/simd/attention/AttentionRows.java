package lucid.kernels.simd.attention;

import static lucid.kernels.simd.vector.Species.F;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.matmul.Operand;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.Transpose;

/// A matrix as attention reads and writes it: pieces of rows (one head's dimensions) to and from zero-padded `float[]` scratch.
record AttentionRows(MemorySegment segment, long offset, long stride) {
    private static final int L = Species.LANES;
    private static final int PANEL = AttentionRowTiles.PANEL;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    static AttentionRows of(Matrix m) { return new AttentionRows(HostBuffer.segment(m), m.offset(), m.stride()); }

    /// Rows `row .. row + rows`, columns from `col` on, as the lanes of a product's factor.
    Operand lanes(int row, int col, int rows) { return Operand.lanesDown(segment, address(row, col), stride * Float.BYTES, DType.F32, rows); }

    private long address(int row, int col) { return (offset + row * stride + col) * Float.BYTES; }

    /// The part that begins at a row and a column.
    AttentionRows from(int row, int col) { return new AttentionRows(segment, offset + row * stride + col, stride); }

    /// Elements `col .. col + n` of a row into `to[at ..]`.
    void load(int row, int col, int n, float[] to, int at) {
        long from = address(row, col);
        int i = 0;
        for (; i + L <= n; i += L) FloatVector.fromMemorySegment(F, segment, from + (long) i * Float.BYTES, ORDER).intoArray(to, at + i);
        for (; i < n; i++) to[at + i] = segment.get(ValueLayout.JAVA_FLOAT, from + (long) i * Float.BYTES);
    }

    /// `from[at ..] · factor` into elements `col .. col + n` of a row.
    void store(int row, int col, int n, float[] from, int at, float factor) {
        long to = address(row, col);
        int i = 0;
        for (; i + L <= n; i += L) FloatVector.fromArray(F, from, at + i).mul(factor).intoMemorySegment(segment, to + (long) i * Float.BYTES, ORDER);
        for (; i < n; i++) segment.set(ValueLayout.JAVA_FLOAT, to + (long) i * Float.BYTES, from[at + i] * factor);
    }

    /// `from[at ..] / divisor` into elements `col .. col + n` of a row.
    void storeQuotient(int row, int col, int n, float[] from, int at, float divisor) {
        long to = address(row, col);
        int i = 0;
        for (; i + L <= n; i += L) FloatVector.fromArray(F, from, at + i).div(divisor).intoMemorySegment(segment, to + (long) i * Float.BYTES, ORDER);
        for (; i < n; i++) segment.set(ValueLayout.JAVA_FLOAT, to + (long) i * Float.BYTES, from[at + i] / divisor);
    }

    /// `Σ this·other` over columns `col .. col + n` of a row, see [Lanes#dot].
    float dot(int row, int col, AttentionRows other, int n) {
        return Lanes.dot(segment, address(row, col), other.segment, other.address(row, col), n);
    }

    float get(int row, int col) { return segment.get(ValueLayout.JAVA_FLOAT, address(row, col)); }

    void set(int row, int col, float value) { segment.set(ValueLayout.JAVA_FLOAT, address(row, col), value); }

    /// Rows `row .. row + rows`, columns `col .. col + n`, into panels of 32 columns that lie `step` apart ([rows][32] each): what the tiles want for
    /// their second operand. Up to the next multiple of 16 columns zeros follow.
    void panels(int row, int col, int rows, int n, float[] to, int at, int step) {
        int whole = n / L * L;
        for (int x = 0; x < whole; x += L) copy(segment, address(row, col + x), stride * Float.BYTES, rows, to, at + x / PANEL * step + x % PANEL);
        for (int x = whole; x < AttentionSchedule.padded(n); x++) {
            int put = at + x / PANEL * step + x % PANEL;
            for (int j = 0; j < rows; j++) to[put + j * PANEL] = x < n ? get(row + j, col + x) : 0;
        }
    }

    /// The same into memory.
    void panels(int row, int col, int rows, int n, MemorySegment to, int at, int step) {
        for (int x = 0; x < AttentionSchedule.padded(n); x += L) {
            long from = address(row, col + x), put = 4L * (at + x / PANEL * step + x % PANEL);
            if (n - x >= L) copy(segment, from, stride * Float.BYTES, rows, to, put);
            else copy(segment, from, stride * Float.BYTES, rows, n - x, to, put);
        }
    }

    private static void copy(MemorySegment from, long at, long pitch, int rows, MemorySegment to, long put) {
        for (int j = 0; j < rows; j++, put += 4L * PANEL, at += pitch)
            FloatVector.fromMemorySegment(F, from, at, ORDER).intoMemorySegment(to, put, ORDER);
    }

    private static void copy(MemorySegment from, long at, long pitch, int rows, int some, MemorySegment to, long put) {
        for (int j = 0; j < rows; j++, put += 4L * PANEL, at += pitch) Lanes.load(from, at, some).intoMemorySegment(to, put, ORDER);
    }

    /// One vector of each row.
    private static void copy(MemorySegment from, long at, long pitch, int rows, float[] to, int put) {
        for (int end = put + rows * PANEL; put < end; put += PANEL, at += pitch) FloatVector.fromMemorySegment(F, from, at, ORDER).intoArray(to, put);
    }

    /// `to[d · 32 + j] = row j, column col + d` for at most 32 rows; what stands for a missing row is finite if the rows are: up to the vector that
    /// holds the last row that row again in whole vectors of columns, zero in the rest.
    void transpose(int row, int col, int rows, int n, float[] to, int at, int[] squares) {
        if (rows < PANEL) Arrays.fill(to, at, at + n * PANEL, 0f);
        long pitch = stride * Float.BYTES;
        for (int j = 0; j < rows; j += L) {
            Transpose.rows(segment, address(row + j, col), pitch, Math.min(L, rows - j) - 1, n / L, to, at + j, PANEL, squares);
        }
        for (int d = n / L * L; d < n; d++) {
            for (int j = 0; j < rows; j++) to[at + d * PANEL + j] = get(row + j, col + d);
        }
    }

    /// Copies rows `row .. row + rows`, columns `col .. col + n`, to row `into` and the following of another matrix, from its column 0 on.
    void copyTo(AttentionRows to, int into, int row, int col, int rows, int n) {
        for (int j = 0; j < rows; j++) {
            long from = address(row + j, col), at = to.address(into + j, 0);
            int i = 0;
            for (; i + L <= n; i += L) Lanes.store(Lanes.load(segment, from + 4L * i), to.segment, at + 4L * i);
            for (; i < n; i++) to.set(into + j, i, get(row + j, col + i));
        }
    }
}
