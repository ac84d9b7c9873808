package lucid.bench.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.simd.work.Workers;

/// How fast this machine reads memory, now: every thread walks its share of a block and only combines what it loads.
/// The limit of products with few rows, which read a weight once.
///
/// All passes count, as all calls of a kernel do: a shared machine changes its speed by a half from one second to the next, and beside the best pass
/// of many no kernel has what the loop itself has on average.
public final class ReadBandwidth {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int STREAMS = 4;
    private static final long STEP = (long) STREAMS * I.vectorByteSize();
    private static final int SHARES = 16;
    private static final Manner[] MANNERS = Manner.values();
    private static volatile int sink;

    /// How a thread walks its shares. On an AMD EPYC (family 26) one stream is the faster on one core (39 and 34 GB/s) and where memory has more than
    /// two cores ask for, four where it has less (two cores: 36 to 38 and 40 to 41).
    private enum Manner { ONE_STREAM, FOUR_STREAMS }

    private final List<MemorySegment> memory;
    private final Workers workers;
    private final long[] nanos = new long[MANNERS.length];
    private long bytes;

    /// A loop over all of `memory` on all threads of the pool.
    public ReadBandwidth(List<MemorySegment> memory, Workers workers) {
        this.memory = List.copyOf(memory);
        this.workers = workers;
    }

    /// Adds passes in every manner, in turn, behind one that does not count: memory is as the loop itself leaves it.
    public ReadBandwidth run(int passes) {
        for (Manner manner : MANNERS) pass(manner);
        for (int i = 0; i < passes; i++) {
            for (Manner manner : MANNERS) nanos[manner.ordinal()] += pass(manner);
            for (MemorySegment m : memory) bytes += share(m) * shares();
        }
        return this;
    }

    /// All bytes by all the time, in the faster manner, in GB/s (10^9 bytes).
    public double gigabytesPerSecond() { return (double) bytes / Arrays.stream(nanos).min().orElseThrow(); }

    private int shares() { return SHARES * workers.threads(); }

    private long share(MemorySegment m) { return m.byteSize() / shares() / STEP * STEP; }

    private long pass(Manner manner) {
        long start = System.nanoTime();
        for (MemorySegment m : memory) {
            long share = share(m);
            if (share == 0)
                throw new IllegalArgumentException("read bandwidth: " + m.byteSize() + " bytes are too few for " + workers.threads() + " threads");
            workers.parallel(shares(), 1, (from, to, _) -> {
                for (int i = from; i < to; i++) sink = manner == Manner.ONE_STREAM ? read(m, i * share, share) : readFour(m, i * share, share);
            });
        }
        return System.nanoTime() - start;
    }

    private static int read(MemorySegment memory, long at, long bytes) {
        int width = I.vectorByteSize();
        IntVector a = IntVector.zero(I), b = a, c = a, d = a;
        for (long end = at + bytes; at < end; at += STEP) {
            a = a.or(IntVector.fromMemorySegment(I, memory, at, ByteOrder.nativeOrder()));
            b = b.or(IntVector.fromMemorySegment(I, memory, at + width, ByteOrder.nativeOrder()));
            c = c.or(IntVector.fromMemorySegment(I, memory, at + 2L * width, ByteOrder.nativeOrder()));
            d = d.or(IntVector.fromMemorySegment(I, memory, at + 3L * width, ByteOrder.nativeOrder()));
        }
        return a.or(b).or(c).or(d).reduceLanes(VectorOperators.OR);
    }

    /// Each stream by one load, which prefetchers know it by: HotSpot does not unroll a loop that steps by more than one and must meet its end.
    private static int readFour(MemorySegment memory, long at, long bytes) {
        long quarter = bytes / STREAMS;
        IntVector a = IntVector.zero(I), b = a, c = a, d = a;
        for (long i = at; i != at + quarter; i += I.vectorByteSize()) {
            a = a.or(IntVector.fromMemorySegment(I, memory, i, ByteOrder.nativeOrder()));
            b = b.or(IntVector.fromMemorySegment(I, memory, i + quarter, ByteOrder.nativeOrder()));
            c = c.or(IntVector.fromMemorySegment(I, memory, i + 2 * quarter, ByteOrder.nativeOrder()));
            d = d.or(IntVector.fromMemorySegment(I, memory, i + 3 * quarter, ByteOrder.nativeOrder()));
        }
        return a.or(b).or(c).or(d).reduceLanes(VectorOperators.OR);
    }

    /// Prints the bandwidth over blocks of the given MiB (default 45 and 90: a 2048 x 11008 weight in bf16 and in f32).
    public static void main(String[] args) {
        int[] sizes = args.length == 0 ? new int[] {45, 90} : Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
        for (int mib : sizes) {
            for (int threads : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
                try (Arena arena = Arena.ofShared(); Workers workers = new Workers(threads)) {
                    MemorySegment memory = arena.allocate((long) mib << 20, 64).fill((byte) 1);
                    System.out.printf(Locale.ROOT, "read bandwidth, %d MiB, %d threads: %.1f GB/s%n", mib, threads,
                            new ReadBandwidth(List.of(memory), workers).run(100).gigabytesPerSecond());
                }
            }
        }
    }
}
