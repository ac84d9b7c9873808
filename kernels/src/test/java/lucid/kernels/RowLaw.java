package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// The row law, of whatever computes rows: a row's bits are the same alone, in any batch, in any order, on any number of threads.
final class RowLaw {
    static final int THREADS = 4;

    private RowLaw() {}

    /// Something that computes rows.
    @FunctionalInterface interface Family {
        /// @param threads 1 to [#THREADS]
        /// @param ids     which rows, in which order
        /// @return results by name: in each as many values for every row, in the order of `ids`; or a sum over rows, whose name begins with
        /// [FamilyCases#OVER_ROWS]
        Map<String, float[]> run(int threads, int... ids);
    }

    /// Computes rows 0 to `rows - 1` on every number of threads: all in order, all in another order, some of them, and two of them alone. Fails where
    /// a bit differs; of a NaN only that it is one is compared.
    static void check(Family family, int rows, SplittableRandom random) {
        int[] inOrder = IntStream.range(0, rows).toArray();
        Map<String, float[]> wanted = family.run(1, inOrder);
        for (int threads = 1; threads <= THREADS; threads++) {
            if (threads > 1) compareWhole(wanted, family.run(threads, inOrder), threads);
            int[] order = shuffled(rows, random);
            compare(wanted, family, threads, order);
            compare(wanted, family, threads, Arrays.copyOf(order, random.nextInt(1, rows + 1)));
            for (int i = 0; i < Math.min(2, rows); i++) compare(wanted, family, threads, order[i]);
        }
    }

    private static int[] shuffled(int n, SplittableRandom random) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /// Of the same rows in the same order, sums over them are the same as well.
    private static void compareWhole(Map<String, float[]> wanted, Map<String, float[]> found, int threads) {
        assertEquals(wanted.keySet(), found.keySet());
        wanted.forEach((name, w) -> assertEquals(-1, Arrays.mismatch(w, found.get(name)),
                name + " on " + threads + " threads, all rows in order: the element that differs"));
    }

    /// @param wanted of the rows 0, 1, ...
    private static void compare(Map<String, float[]> wanted, Family family, int threads, int... ids) {
        Map<String, float[]> found = family.run(threads, ids);
        assertEquals(wanted.keySet(), found.keySet());
        found.forEach((name, f) -> {
            if (name.startsWith(FamilyCases.OVER_ROWS)) return;
            int width = f.length / ids.length;
            for (int i = 0; i < ids.length; i++) {
                int differs = Arrays.mismatch(wanted.get(name), ids[i] * width, (ids[i] + 1) * width, f, i * width, (i + 1) * width);
                if (differs >= 0)
                    throw new AssertionError(name + " on " + threads + " threads: row " + ids[i] + " of the rows " + Arrays.toString(ids)
                            + " is another in element " + differs);
            }
        });
    }
}
