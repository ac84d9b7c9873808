package lucid.bench.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Locale;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.simd.work.Workers;

/// How fast this machine reads memory, now: every thread walks its share of a block and only combines what it loads.
/// The limit of products with few rows, which read a weight once.
public final class ReadBandwidth {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int STREAMS = 4;
    private static final long STEP = (long) STREAMS * I.vectorByteSize();
    private static final int SHARES = 16;
    private static volatile int sink;

    private ReadBandwidth() {}

    /// Best of `repetitions` passes over the memory in either manner, in GB/s (10^9 bytes), on all threads of the pool: one stream a thread, or four. On an AMD EPYC (family 26) one is the faster on one core (39 and 34 GB/s)
    /// and where memory has more than two cores ask for, four where it has less (two cores 36 to 38 and 40 to 41).
    public static double gigabytesPerSecond(MemorySegment memory, Workers workers, int repetitions) {
        long share = memory.byteSize() / (SHARES * workers.threads()) / STEP * STEP;
        if (share == 0) throw new IllegalArgumentException("read bandwidth: " + memory.byteSize() + " bytes are too few for " + workers.threads() + " threads");
        int shares = SHARES * workers.threads();
        double best = 0;
        for (int r = 0; r < repetitions; r++) {
            for (boolean four : new boolean[] {false, true}) {
                long start = System.nanoTime();
                workers.parallel(shares, 1, (from, to, _) -> {
                    for (int i = from; i < to; i++) sink = four ? readFour(memory, i * share, share) : read(memory, i * share, share);
                });
                best = Math.max(best, (double) share * shares / (System.nanoTime() - start));
            }
        }
        return best;
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
        int[] sizes = args.length == 0 ? new int[] {45, 90} : java.util.Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
        for (int mib : sizes) {
            for (int threads : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
                try (Arena arena = Arena.ofShared(); Workers workers = new Workers(threads)) {
                    MemorySegment memory = arena.allocate((long) mib << 20, 64).fill((byte) 1);
                    System.out.printf(Locale.ROOT, "read bandwidth, %d MiB, %d threads: %.1f GB/s%n", mib, threads, gigabytesPerSecond(memory, workers, 100));
                }
            }
        }
    }
}
