package lucid.kernels.ptx.machine;

import java.util.function.Supplier;

/// 32 lanes with their registers. Register files are structures of arrays: lane `l` of slot `s` is at `s * 32 + l`.
///
/// Immediates, special registers and addresses of symbols are slots too, filled once when the warp starts (see [Decoding]):
/// a step reads every source the same way.
public final class Warp {
    /// Types of up to 32 bits; f32 as raw bits, 8- and 16-bit values in the low bits with zeros above.
    public final int[] words;
    /// 64-bit types; f64 as raw bits.
    public final long[] wides;
    /// One lane mask per predicate.
    public final int[] predicates;
    /// Lane masks: which lanes of a slot have been written.
    public final int[] wordReady;
    public final int[] wideReady;
    public final int[] predicateReady;
    /// Program counter of every lane; -1 when it has exited.
    public final int[] pc = new int[32];
    /// Lanes that exist and have not exited.
    public int live;
    /// What a waiting warp waits for, for the dead-lock report; null when it runs.
    public Supplier<String> waitsFor;

    public final Block block;
    /// Index in the block.
    public final int index;

    Warp(Block block, int index, int words, int wides, int predicates) {
        this.block = block;
        this.index = index;
        this.words = new int[words * 32];
        this.wides = new long[wides * 32];
        this.predicates = new int[predicates];
        this.wordReady = new int[words];
        this.wideReady = new int[wides];
        this.predicateReady = new int[predicates];
    }
}
