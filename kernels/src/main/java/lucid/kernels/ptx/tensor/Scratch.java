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
        int staged = Math.max(m, n) * words;
        if (s.stage.length < staged) {
            s.stage = new int[staged];
            s.rows = new int[staged];
        }
        return s;
    }

    /// Scratch memory for a product by way of [RowPairs], of a depth that they know.
    static Scratch forPairs(int m, int n, int k, int words) {
        Scratch s = of(m, n, k, words);
        s.pairsA = atLeast(s.pairsA, RowPairs.left(m, k) + RowPairs.SLICE);
        s.pairB = atLeast(s.pairB, RowPairs.SLICE);
        return s;
    }

    private static MemorySegment atLeast(MemorySegment panels, long bytes) {
        return panels.byteSize() >= bytes ? panels : Arena.ofAuto().allocate(bytes, 64);
    }
}
