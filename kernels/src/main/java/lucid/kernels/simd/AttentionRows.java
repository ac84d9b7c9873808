package lucid.kernels.simd;

import static lucid.kernels.simd.Species.F;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Matrix;
import lucid.kernels.host.HostBuffer;

/// A matrix as attention reads and writes it: pieces of rows (one head's dimensions) to and from zero-padded `float[]` scratch.
record AttentionRows(MemorySegment segment, long offset, long stride) {
    private static final int L = Species.LANES;
    private static final int PANEL = AttentionRowTiles.PANEL;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    static AttentionRows of(Matrix m) { return new AttentionRows(HostBuffer.segment(m), m.offset(), m.stride()); }

    private long address(int row, int col) { return (offset + row * stride + col) * Float.BYTES; }

    /// Elements `col .. col + n` of a row into `to[at ..]`, then zeros up to `padded` elements.
    void load(int row, int col, int n, float[] to, int at, int padded) {
        long from = address(row, col);
        int i = 0;
        for (; i + L <= n; i += L) FloatVector.fromMemorySegment(F, segment, from + (long) i * Float.BYTES, ORDER).intoArray(to, at + i);
        for (; i < n; i++) to[at + i] = segment.get(ValueLayout.JAVA_FLOAT, from + (long) i * Float.BYTES);
        for (; i < padded; i++) to[at + i] = 0;
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

    float get(int row, int col) { return segment.get(ValueLayout.JAVA_FLOAT, address(row, col)); }

    void set(int row, int col, float value) { segment.set(ValueLayout.JAVA_FLOAT, address(row, col), value); }

    /// As [#load], into panels of 32 columns that lie `step` apart: what the tiles want for their second operand.
    void loadPanels(int row, int col, int n, float[] to, int at, int step) {
        for (int x = 0; x < n; x += PANEL) {
            int size = Math.min(PANEL, n - x);
            load(row, col + x, size, to, at + x / PANEL * step, AttentionSchedule.padded(size));
        }
    }

    /// `to[d · 32 + j] = key j, dimension d` for a key block in panels; the columns of missing keys become zero.
    static void transpose(float[] from, int at, int step, int keys, int dims, float[] to, int into) {
        if (keys < PANEL) Arrays.fill(to, into, into + dims * PANEL, 0f);
        for (int d = 0; d < dims; d++) {
            int row = into + d * PANEL, source = at + d / PANEL * step + d % PANEL;
            for (int j = 0; j < keys; j++) to[row + j] = from[source + j * PANEL];
        }
    }
}
