package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Activation;
import lucid.kernels.simd.vector.Activations;
import lucid.kernels.simd.vector.Lanes;

/// What a product does to a finished tile before it is stored: the operations of `SimdElementwise`, on chains that are still in L1.
///
/// Whole vectors only, one loop for each function, as in `UnaryLoops` and for its reason. Columns behind the n that are wanted change with the
/// others; in the last panel of [Gemv], whose tile begins inside a row, these are columns that are not wanted again.
enum TileMap {
    /// `gelu_tanh(chain (+ bias))`
    GELU_TANH,
    /// `gelu(chain (+ bias))`
    GELU_ERF,
    /// `chain · silu(what is in the result)`
    TIMES_SILU;

    static TileMap of(Activation f) {
        return switch (f) {
            case GELU_TANH -> GELU_TANH;
            case GELU_ERF -> GELU_ERF;
        };
    }

    /// Changes rows x n of a tile, which goes to the result at `target`.
    void run(MemorySegment memory, long target, long pitch, int rows, int n, MemorySegment bias, long biasFrom, float[] tile, int from) {
        if (bias != null) addBias(rows, n, bias, biasFrom, tile, from);
        switch (this) {
            case GELU_TANH -> geluTanh(rows, n, tile, from);
            case GELU_ERF -> geluErf(rows, n, tile, from);
            case TIMES_SILU -> {
                if (n == GemmTile.WIDTH) timesSilu(memory, target, pitch, rows, tile, from);
                else timesSiluEdge(memory, target, pitch, rows, n, tile, from);
            }
        }
    }

    private static void addBias(int rows, int n, MemorySegment bias, long biasFrom, float[] tile, int from) {
        for (int j = 0; j < n; j += LANES) {
            FloatVector b = Lanes.load(bias, biasFrom + 4L * j, n - j);
            for (int i = 0, at = from + j; i < rows; i++, at += GemmTile.WIDTH) FloatVector.fromArray(F, tile, at).add(b).intoArray(tile, at);
        }
    }

    private static void geluTanh(int rows, int n, float[] tile, int from) {
        for (int i = 0; i < rows; i++, from += GemmTile.WIDTH) {
            for (int j = 0; j < n; j += LANES) Activations.geluTanh(FloatVector.fromArray(F, tile, from + j)).intoArray(tile, from + j);
        }
    }

    private static void geluErf(int rows, int n, float[] tile, int from) {
        for (int i = 0; i < rows; i++, from += GemmTile.WIDTH) {
            for (int j = 0; j < n; j += LANES) Activations.geluErf(FloatVector.fromArray(F, tile, from + j)).intoArray(tile, from + j);
        }
    }

    private static void timesSilu(MemorySegment memory, long target, long pitch, int rows, float[] tile, int from) {
        for (int i = 0; i < rows; i++, from += GemmTile.WIDTH, target += pitch) {
            for (int j = 0; j < GemmTile.WIDTH; j += LANES) {
                FloatVector gate = Lanes.load(memory, target + 4L * j);
                FloatVector.fromArray(F, tile, from + j).mul(Activations.silu(gate)).intoArray(tile, from + j);
            }
        }
    }

    /// Where rows of the result end inside a vector.
    private static void timesSiluEdge(MemorySegment memory, long target, long pitch, int rows, int n, float[] tile, int from) {
        for (int i = 0; i < rows; i++, from += GemmTile.WIDTH, target += pitch) {
            for (int j = 0; j < n; j += LANES) {
                FloatVector gate = Lanes.load(memory, target + 4L * j, n - j);
                FloatVector.fromArray(F, tile, from + j).mul(Activations.silu(gate)).intoArray(tile, from + j);
            }
        }
    }
}
