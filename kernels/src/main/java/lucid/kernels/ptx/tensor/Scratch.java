package lucid.kernels.ptx.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Buffers of one thread for [Panels] and [DotTiles], kept from instruction to instruction and grown when needed.
final class Scratch {
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    /// [Panels] of A and B, aligned to cache lines.
    MemorySegment a = MemorySegment.NULL;
    MemorySegment b = MemorySegment.NULL;
    /// Panels of [RowPairs]: all of A, one of B.
    MemorySegment pairsA = MemorySegment.NULL;
    MemorySegment pairB = MemorySegment.NULL;
    /// Registers of a tile that D does not have.
    final int[] nowhere = new int[64];
    /// Words of one factor, `[word][row or column]`.
    int[] stage = new int[0];
    /// The same, `[row or column][word]`.
    int[] rows = new int[0];
    /// One factor, `[k][row or column]`.
    float[] floats = new float[0];
    /// Two blocks.
    final double[] acc = new double[128];

    private Scratch() {}

    /// @param m rows of A
    /// @param n columns of B
    /// @param words of one row or column
    static Scratch of(int m, int n, int k, int words) {
        Scratch s = OF_THREAD.get();
        s.a = atLeast(s.a, Panels.bytes(m, k));
        s.b = atLeast(s.b, Panels.bytes(n, k));
        s.stageFor(Math.max(m, n) * words);
        return s;
    }

    /// Scratch memory for a product by way of [RowPairs].
    ///
    /// @param count the larger of A's rows and B's columns
    static Scratch forPairs(int count, int k, int words) {
        Scratch s = OF_THREAD.get();
        s.pairsA = atLeast(s.pairsA, RowPairs.LEFT + RowPairs.SLICE);
        s.pairB = atLeast(s.pairB, RowPairs.SLICE);
        s.stageFor(count * words);
        if (s.floats.length < count * k) s.floats = new float[count * k];
        return s;
    }

    private void stageFor(int staged) {
        if (stage.length < staged) {
            stage = new int[staged];
            rows = new int[staged];
        }
    }

    // A thread has no end that could free it, so this memory is the garbage collector's.
    private static MemorySegment atLeast(MemorySegment panels, long bytes) {
        return panels.byteSize() >= bytes ? panels : Arena.ofAuto().allocate(bytes, 64);
    }
}
