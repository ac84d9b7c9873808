package lucid.kernels.ptx.memory.shadow;

import lucid.kernels.ptx.memory.order.Clock;

/// Who has read the granules of a page since they were written, as far as later writes must know.
///
/// A granule has `1 << shift` bytes: 4 at first, later 2 or 1. Several worker threads keep readers of their own ([Shadow#side]), each under a lock of
/// its own, so that blocks which read the same input do not meet; who writes holds all of these locks.
public abstract sealed class Readers extends BiasedLock permits AgentReaders, LastReaders {
    private final int bytes;
    /// log2 of a granule's bytes.
    int shift;
    /// True when `ld.global.nc` has read here: then every write looks for such a reader.
    public boolean nonCoherent;

    Readers(int bytes, int shift) {
        this.bytes = bytes;
        this.shift = shift;
    }

    final int granules() {
        return bytes + (1 << shift) - 1 >> shift;
    }

    /// Halves the granules.
    abstract void refine();

    /// One read; `lane` is the stamp's.
    abstract void note(int g, long stamp, Clock clock, int lane);

    /// A weak read by lanes 0, 1, ... of neighbouring places; `stamp` without a lane.
    abstract void noteRun(int from, int n, int laneShift, long stamp, Clock clock);

    /// Weak reads of `width` granules by each lane of `mask`, at its address minus `origin`; `stamp` without a lane.
    ///
    /// @param crowded those of the lanes that others, which are not in `mask`, share a place with
    abstract void noteLanes(int mask, int crowded, long[] addresses, long origin, int width, long stamp, Clock clock);

    /// Weak reads of a region by several lanes each, if that can be noted at once; `stamp` says so. False leaves everything as it was.
    abstract boolean noteDense(int from, int n, long stamp, Clock clock);

    /// A read of a whole range.
    abstract void noteRange(int from, int to, long stamp, Clock clock);

    /// Every read has happened before what the run's lanes do now.
    abstract boolean runBefore(int from, int n, int laneShift, Clock clock);

    /// Every read in the region has surely happened before what any lane does now.
    abstract boolean allBefore(int from, int n, Clock clock);

    /// A read that an access with that stamp would race with if it wrote; 0 for none.
    abstract long unordered(int g, long stamp, Clock clock);

    /// Where the granules that have the same readers as `from` end.
    abstract int end(int from, int to);

    /// The granules are written, after all reads of them.
    abstract void written(int from, int n);

    /// [#written] for `width` granules of each lane of `mask`.
    abstract void writtenBy(int mask, long[] addresses, long origin, int width);

    /// Forgets the reads of these granules.
    abstract void clear(int from, int n);

    /// A read of that granule, or 0.
    abstract long at(int g);
}
