package lucid.bench.probe;

import java.util.Locale;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.simd.work.Workers;

/// The f32 FMA peak of this machine, now: a loop of twelve independent chains in registers on every thread. What other processes take
/// is missing from it, as it is missing from the kernel measured beside it.
public final class FmaPeak {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int ROUNDS = 500_000;
    private static volatile float sink;

    private FmaPeak() {}

    /// Best of `repetitions` runs of about a millisecond, in GFLOP/s (an FMA counts two), on all threads of the pool.
    public static double gigaflops(Workers workers, int repetitions) {
        int threads = workers.threads();
        double best = 0;
        for (int r = 0; r < repetitions; r++) {
            long start = System.nanoTime();
            workers.parallel(threads, 1, (from, to, _) -> {
                for (int i = from; i < to; i++) sink = chains(ROUNDS);
            });
            long nanos = System.nanoTime() - start;
            best = Math.max(best, 2.0 * threads * CHAINS * F.length() * ROUNDS / nanos);
        }
        return best;
    }

    private static float chains(int rounds) {
        FloatVector x = FloatVector.broadcast(F, 1.0001f), y = FloatVector.broadcast(F, 0.9999f);
        FloatVector a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int r = 0; r < rounds; r++) {
            a = x.fma(y, a);
            b = x.fma(y, b);
            c = x.fma(y, c);
            d = x.fma(y, d);
            e = x.fma(y, e);
            f = x.fma(y, f);
            g = x.fma(y, g);
            h = x.fma(y, h);
            i = x.fma(y, i);
            j = x.fma(y, j);
            k = x.fma(y, k);
            l = x.fma(y, l);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k).add(l).reduceLanes(VectorOperators.ADD);
    }

    /// Prints the peak with one thread and with all.
    public static void main(String[] args) {
        for (int threads : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
            try (Workers workers = new Workers(threads)) {
                System.out.printf(Locale.ROOT, "FMA peak, %d threads: %.0f GFLOP/s (f32, %d-bit vectors)%n", threads, gigaflops(workers, 300),
                        F.vectorBitSize());
            }
        }
    }
}
