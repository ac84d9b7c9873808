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
    private static final long STEP = 4L * I.vectorByteSize();
    private static final int SHARES = 16;
    private static volatile int sink;

    private ReadBandwidth() {}

    /// Best of `repetitions` passes over the memory, in GB/s (10^9 bytes), on all threads of the pool.
    public static double gigabytesPerSecond(MemorySegment memory, Workers workers, int repetitions) {
        long share = memory.byteSize() / (SHARES * workers.threads()) / STEP * STEP;
        if (share == 0) throw new IllegalArgumentException("read bandwidth: " + memory.byteSize() + " bytes are too few for " + workers.threads() + " threads");
        int shares = SHARES * workers.threads();
        double best = 0;
        for (int r = 0; r < repetitions; r++) {
            long start = System.nanoTime();
            workers.parallel(shares, 1, (from, to, _) -> {
                for (int i = from; i < to; i++) sink = read(memory, i * share, share);
            });
            best = Math.max(best, (double) share * shares / (System.nanoTime() - start));
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
