package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;

/// Carries finished chains from a tile to the result: `chain (+ bias)`, stored, added to what is there, or changed by a [TileMap] and stored; and
/// unfinished ones back into a tile.
///
/// @param at    byte offset of the result's first element
/// @param pitch bytes from row to row
/// @param bias  memory of one row of n, or null
/// @param map   or null
record Epilogue(MemorySegment memory, long at, long pitch, int rows, int cols, MemorySegment bias, long biasAt, boolean add, TileMap map) {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    static Epilogue of(Matrix c, Matrix bias, boolean add) { return of(c, bias, add, null); }

    /// `f(chain (+ bias))`.
    static Epilogue activated(Matrix c, Matrix bias, Activation f) { return of(c, bias, false, TileMap.of(f)); }

    /// `chain · silu(what is there)`.
    static Epilogue gated(Matrix c) { return of(c, null, false, TileMap.TIMES_SILU); }

    private static Epilogue of(Matrix c, Matrix bias, boolean add, TileMap map) {
        return new Epilogue(HostBuffer.segment(c), HostBuffer.byteOffset(c), c.stride() * 4, c.rows(), c.cols(),
                bias == null ? null : HostBuffer.segment(bias), bias == null ? 0 : HostBuffer.byteOffset(bias), add, map);
    }

    /// Writes the part of a tile `[height][WIDTH]` that lies inside the result, its corner at (row, col). A map changes the tile, and up to LANES
    /// floats behind it.
    void write(int row, int col, int height, float[] tile, int from) {
        int r = Math.min(height, rows - row);
        int n = Math.min(GemmTile.WIDTH, cols - col);
        long target = at + row * pitch + col * 4L;
        long biasFrom = biasAt + col * 4L;
        if (map != null) map.run(memory, target, pitch, r, n, bias, biasFrom, tile, from);
        MemorySegment left = map == null ? bias : null;
        if (n == GemmTile.WIDTH && left != null && !add) {
            setBiased(memory, target, pitch, r, left, biasFrom, tile, from);
        } else if (n == GemmTile.WIDTH && left == null) {
            if (add) addWide(memory, target, pitch, r, tile, from);
            else setWide(memory, target, pitch, r, tile, from);
        } else {
            for (int i = 0; i < r; i++) writeRow(target + i * pitch, left, biasFrom, n, tile, from + i * GemmTile.WIDTH);
        }
    }

    private static void setWide(MemorySegment memory, long target, long pitch, int rows, float[] tile, int from) {
        for (int i = 0; i < rows; i++, target += pitch, from += GemmTile.WIDTH) {
            FloatVector.fromArray(F, tile, from).intoMemorySegment(memory, target, NATIVE);
            FloatVector.fromArray(F, tile, from + LANES).intoMemorySegment(memory, target + 4 * LANES, NATIVE);
        }
    }

    /// Bias vectors stay in registers over the rows of a tile: row by row, they cost a 64 x 64 product 8 % (measured).
    private static void setBiased(MemorySegment memory, long target, long pitch, int rows, MemorySegment bias, long biasFrom,
            float[] tile, int from) {
        FloatVector x = FloatVector.fromMemorySegment(F, bias, biasFrom, NATIVE);
        FloatVector y = FloatVector.fromMemorySegment(F, bias, biasFrom + 4 * LANES, NATIVE);
        for (int i = 0; i < rows; i++, target += pitch, from += GemmTile.WIDTH) {
            FloatVector.fromArray(F, tile, from).add(x).intoMemorySegment(memory, target, NATIVE);
            FloatVector.fromArray(F, tile, from + LANES).add(y).intoMemorySegment(memory, target + 4 * LANES, NATIVE);
        }
    }

    private static void addWide(MemorySegment memory, long target, long pitch, int rows, float[] tile, int from) {
        for (int i = 0; i < rows; i++, target += pitch, from += GemmTile.WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, memory, target, NATIVE);
            FloatVector y = FloatVector.fromMemorySegment(F, memory, target + 4 * LANES, NATIVE);
            x.add(FloatVector.fromArray(F, tile, from)).intoMemorySegment(memory, target, NATIVE);
            y.add(FloatVector.fromArray(F, tile, from + LANES)).intoMemorySegment(memory, target + 4 * LANES, NATIVE);
        }
    }

    private void writeRow(long target, MemorySegment bias, long biasFrom, int n, float[] tile, int from) {
        int j = 0;
        for (; j + LANES <= n; j += LANES) {
            FloatVector v = FloatVector.fromArray(F, tile, from + j);
            if (bias != null) v = v.add(FloatVector.fromMemorySegment(F, bias, biasFrom + 4L * j, NATIVE));
            if (add) v = FloatVector.fromMemorySegment(F, memory, target + 4L * j, NATIVE).add(v);
            v.intoMemorySegment(memory, target + 4L * j, NATIVE);
        }
        for (; j < n; j++) {
            float v = tile[from + j];
            if (bias != null) v += bias.get(FLOAT, biasFrom + 4L * j);
            if (add) v = memory.get(FLOAT, target + 4L * j) + v;
            memory.set(FLOAT, target + 4L * j, v);
        }
    }

    /// The result's part under a tile, into the tile: the start of chains that continue.
    void read(int row, int col, int height, float[] tile, int to) {
        int r = Math.min(height, rows - row);
        int n = Math.min(GemmTile.WIDTH, cols - col);
        for (int i = 0; i < r; i++) {
            MemorySegment.copy(memory, FLOAT, at + (row + i) * pitch + col * 4L, tile, to + i * GemmTile.WIDTH, n);
        }
    }

    /// Chains of no links: 0 (+ bias) everywhere, mapped.
    void writeZeros() {
        float[] zeros = new float[GemmTile.SIZE];
        for (int row = 0; row < rows; row += GemmTile.HEIGHT) {
            for (int col = 0; col < cols; col += GemmTile.WIDTH) {
                write(row, col, GemmTile.HEIGHT, zeros, 0);
                if (map != null) Arrays.fill(zeros, 0);
            }
        }
    }
}
