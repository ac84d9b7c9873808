package lucid.kernels.simd;

import static lucid.kernels.simd.Species.F;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.host.HostBuffer;

/// One factor of a product, seen as chains times lanes: the chain index is the one that is summed over, the lane index is a row or column
/// of the result. Both factors and all orientations are packed by the same code; only which index is contiguous in memory differs.
///
/// @param at         byte offset of the first element
/// @param pitch      bytes from matrix row to matrix row
/// @param lanes      size of the lane index
/// @param lanesInRow whether lanes (rather than chain positions) lie side by side in memory
record Operand(MemorySegment memory, long at, long pitch, DType type, int lanes, boolean lanesInRow) {
    /// A matrix whose rows are the lanes ([lanes, k]).
    static Operand lanesDown(Matrix m) { return new Operand(HostBuffer.segment(m), HostBuffer.byteOffset(m), m.stride() * m.dtype().bytes(), m.dtype(), m.rows(), false); }

    /// A matrix whose columns are the lanes ([k, lanes]).
    static Operand lanesAcross(Matrix m) { return new Operand(HostBuffer.segment(m), HostBuffer.byteOffset(m), m.stride() * m.dtype().bytes(), m.dtype(), m.cols(), true); }

    /// Packs a panel: `to[put + p · width + l] = element(chain = from + p, lane = lane + l)`. Lanes beyond the operand hold anything.
    /// Writes up to LANES floats past the end of the panel.
    ///
    /// @param squares scratch of [Transpose#SCRATCH] ints
    void pack(int lane, int width, int from, int count, float[] to, int put, int[] squares) {
        if (width == 1 && !lanesInRow && type == DType.F32) MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, at + lane * pitch + from * 4L, to, put, count);
        else if (lanesInRow) packAcross(lane, width, from, count, to, put);
        else packDown(lane, width, from, count, to, put, squares);
    }

    private void packDown(int lane, int width, int from, int count, float[] to, int put, int[] squares) {
        int bytes = type.bytes();
        int columns = Transpose.columns(type);
        int steps = count / columns;
        int valid = Math.min(width, lanes - lane);
        for (int group = 0; group < valid; group += LANES) {
            int last = Math.min(LANES, valid - group) - 1;
            long row = at + (lane + group) * pitch + (long) from * bytes;
            Transpose.rows(memory, row, pitch, last, steps, type, to, put + group, width, squares);
            for (int l = 0; l <= last; l++) {
                for (int p = steps * columns; p < count; p++) {
                    to[put + p * width + group + l] = Widen.scalar(memory, row + l * pitch + (long) p * bytes, type);
                }
            }
        }
    }

    private void packAcross(int lane, int width, int from, int count, float[] to, int put) {
        long first = at + from * pitch + (long) lane * type.bytes();
        int covered = (width + LANES - 1) / LANES * LANES;
        if (lane + covered <= lanes) copyRows(memory, first, pitch, type, width, covered, count, to, put);
        else if (type == DType.F32) copyEdge(memory, first, pitch, lanes - lane, width, covered, count, to, put);
        else copyScalars(first, Math.min(width, lanes - lane), width, count, to, put);
    }

    private static void copyRows(MemorySegment memory, long at, long pitch, DType type, int width, int covered, int count, float[] to, int put) {
        long bytes = (long) LANES * type.bytes();
        if (covered == LANES) {
            for (int p = 0; p < count; p++, at += pitch, put += width) Widen.vector(memory, at, type).intoArray(to, put);
        } else {
            for (int p = 0; p < count; p++, at += pitch, put += width) {
                Widen.vector(memory, at, type).intoArray(to, put);
                Widen.vector(memory, at + bytes, type).intoArray(to, put + LANES);
            }
        }
    }

    private static void copyEdge(MemorySegment memory, long at, long pitch, int valid, int width, int covered, int count, float[] to, int put) {
        for (int group = 0; group < covered; group += LANES) {
            VectorMask<Float> mask = F.indexInRange(0, Math.max(0, valid - group));
            long a = at + group * 4L;
            for (int p = 0; p < count; p++, a += pitch) {
                FloatVector.fromMemorySegment(F, memory, a, ByteOrder.nativeOrder(), mask).intoArray(to, put + p * width + group);
            }
        }
    }

    private void copyScalars(long first, int valid, int width, int count, float[] to, int put) {
        for (int p = 0; p < count; p++) {
            for (int l = 0; l < valid; l++) to[put + p * width + l] = Widen.scalar(memory, first + p * pitch + (long) l * type.bytes(), type);
        }
    }
}
