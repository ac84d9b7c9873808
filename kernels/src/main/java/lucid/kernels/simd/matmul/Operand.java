package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Transpose;

/// One factor of a product, seen as chains times lanes: the chain index is the one that is summed over, the lane index is a row or column
/// of the result. All orientations are treated alike; only which index is contiguous in memory differs.
/// [GemmStrips] packs left factors, [GemmPanel] right ones.
///
/// @param at         byte offset of the first element
/// @param pitch      bytes from matrix row to matrix row
/// @param lanes      size of the lane index
/// @param lanesInRow whether lanes (rather than chain positions) lie side by side in memory
/// @param panel      of a [PackedWeight], whose lanes lie in rows of WIDTH: bytes from one column panel to the next; otherwise 0
public record Operand(MemorySegment memory, long at, long pitch, DType type, int lanes, boolean lanesInRow, long panel) {
    /// A matrix whose rows are the lanes ([lanes, k]).
    static Operand lanesDown(Matrix m) {
        return lanesDown(HostBuffer.segment(m), HostBuffer.byteOffset(m), m.stride() * m.dtype().bytes(), m.dtype(), m.rows());
    }

    /// Rows that are lanes.
    public static Operand lanesDown(MemorySegment memory, long at, long pitch, DType type, int rows) {
        return new Operand(memory, at, pitch, type, rows, false, 0);
    }

    /// A matrix whose columns are the lanes ([k, lanes]).
    static Operand lanesAcross(Matrix m) {
        return new Operand(HostBuffer.segment(m), HostBuffer.byteOffset(m), m.stride() * m.dtype().bytes(), m.dtype(), m.cols(), true, 0);
    }

    boolean packed() { return panel != 0; }

    /// Byte offset of an element; in a packed weight, of the row of WIDTH elements that begins with it.
    long offset(int lane, int chain) {
        if (packed()) return at + lane / GemmTile.WIDTH * panel + chain * pitch;
        return lanesInRow ? at + chain * pitch + (long) lane * type.bytes() : at + lane * pitch + (long) chain * type.bytes();
    }

    /// Packs the few rows of a flat product ([Gemv]), f32: `to[put + p · width + l] = element(chain = from + p, lane = lane + l)`. Lanes beyond
    /// the operand hold anything. Writes up to LANES floats past the end.
    ///
    /// @param width   1, or a power of two; eight rows are two vectors of 128 bits
    /// @param squares scratch of [Transpose#SCRATCH] ints
    void pack(int lane, int width, int from, int count, float[] to, int put, int[] squares) {
        if (width == 1 && !lanesInRow) {
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, offset(lane, from), to, put, count);
            return;
        }
        for (int valid = Math.min(width, lanes - lane), group = 0; group < valid; group += LANES) {
            int rows = Math.min(LANES, valid - group);
            if (lanesInRow) packAcross(offset(lane + group, from), rows, width, count, to, put + group);
            else packDown(offset(lane + group, from), rows, width, count, to, put + group, squares);
        }
    }

    private void packDown(long first, int valid, int width, int count, float[] to, int put, int[] squares) {
        int steps = count / LANES;
        Transpose.rows(memory, first, pitch, valid - 1, steps, to, put, width, squares);
        for (int l = 0; l < valid; l++) {
            for (int p = steps * LANES; p < count; p++) to[put + p * width + l] = memory.get(ValueLayout.JAVA_FLOAT, first + l * pitch + 4L * p);
        }
    }

    private void packAcross(long first, int valid, int width, int count, float[] to, int put) {
        for (int p = 0; p < count; p++, first += pitch) {
            Lanes.load(memory, first, valid).intoArray(to, put + p * width);
        }
    }
}
