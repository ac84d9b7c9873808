package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import lucid.kernels.contract.MatMul;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every family: right (against the textbook in double), and the same to the bit alone, in any batch, in any order and on any number of threads, for
/// random shapes; [BitHashesTest] has the vector widths.
class FamilyLawTest {
    private static final Set<String> EXACT_CHOICES = Set.of("sample ", "through ");

    @ParameterizedTest
    @CsvSource({"1,1", "3,5", "2,15", "7,16", "5,17", "4,33", "37,130", "2,5000"})
    void agreesWithTheTextbook(int rows, int cols) {
        try (Device simd = new SimdDevice(2); Device reference = new ReferenceDevice()) {
            Map<String, float[]> want = FamilyCases.run(reference, rows, cols);
            Map<String, float[]> got = FamilyCases.run(simd, rows, cols);
            assertEquals(want.keySet(), got.keySet());
            want.forEach((name, w) -> near(name, w, got.get(name)));
        }
    }

    /// f32 sums of n terms of size s are off by about √n·s·2⁻²⁴; 5,000 terms of size 3 and a derivative's factor stay within 3e-5 of the largest.
    private static void near(String name, float[] want, float[] got) {
        float scale = 1;
        for (float w : want) scale = Math.max(scale, Math.abs(w));
        boolean choice = EXACT_CHOICES.stream().anyMatch(name::startsWith);
        for (int i = 0; i < want.length; i++) {
            float tolerance = choice ? 0 : 3e-5f * Math.max(1, name.startsWith(FamilyCases.OVER_ROWS) || name.startsWith(FamilyCases.CHAIN) ? scale
                    : Math.abs(want[i]));
            // One bf16 rounding may fall to the other side.
            if (name.endsWith("bf16") && name.startsWith("adamW")) tolerance = Math.abs(want[i]) / 128;
            assertEquals(want[i], got[i], tolerance, name + ", element " + i);
        }
    }

    /// Every seed is a shape; that of 0 is large enough for row-wise work to be divided among four threads.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
    void rowsAreTheSameAloneAndInAnyBatchOrderAndNumberOfThreads(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int rows = seed == 0 ? 70 : random.nextInt(2, 50);
        int cols = seed == 0 ? 750 : (int) Math.exp(random.nextDouble(Math.log(300)));
        Device[] devices = IntStream.rangeClosed(1, RowLaw.THREADS).mapToObj(SimdDevice::new).toArray(Device[]::new);
        try {
            RowLaw.check((threads, ids) -> FamilyCases.run(devices[threads - 1], ids, cols), rows, random);
        } catch (AssertionError e) {
            throw new AssertionError("rows of " + cols + ": " + e.getMessage(), e);
        } finally {
            for (Device d : devices) d.close();
        }
    }

    /// A family that is new to [Device] is missed here.
    @Test void everyFamilyOfADeviceHasACase() {
        Set<String> families = Arrays.stream(Device.class.getMethods())
                .filter(m -> m.getReturnType().getPackage() == MatMul.class.getPackage() && m.getParameterCount() == 0)
                .map(Method::getName).filter(name -> !name.equals("repetition")).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(families, FamilyCases.families());
    }

    /// Where a broken sum over a row begins, beside the row's own first element: a thing that must not show.
    @FunctionalInterface private interface Start {
        int of(int threads, int rows, int place);
    }

    private static RowLaw.Family sums(Start start) {
        int cols = 33;
        return (threads, ids) -> {
            float[] sums = new float[ids.length];
            for (int r = 0; r < ids.length; r++) {
                for (int c = 0; c < cols; c++) sums[r] += MadeUpRows.value("x", ids[r], (c + start.of(threads, ids.length, r)) % cols);
            }
            return Map.of("sum", sums);
        };
    }

    @Test void aBrokenFamilyIsCaught() {
        RowLaw.check(sums((_, _, _) -> 0), 20, new SplittableRandom(1));
        Map<String, Start> broken = Map.of("threads", (threads, _, _) -> threads, "one row", (_, rows, _) -> rows == 1 ? 1 : 0, "many rows",
                (_, rows, _) -> rows / 16,
                "order", (_, _, place) -> place);
        broken.forEach((what, start) -> assertThrows(AssertionError.class, () -> RowLaw.check(sums(start), 20, new SplittableRandom(1)), what));
    }

    /// Each result of each family in turn differs in the last bit of its last element, for one row alone or for one number of threads.
    @Test void aBitInAnyResultIsCaught() {
        int rows = 3;
        Map<String, float[]> sound;
        try (Device device = new SimdDevice(1)) {
            sound = FamilyCases.run(device, rows, 5);
        }
        RowLaw.check(kept(sound, rows, ""), rows, new SplittableRandom(2));
        for (String name : sound.keySet()) {
            String message = assertThrows(AssertionError.class, () -> RowLaw.check(kept(sound, rows, name), rows, new SplittableRandom(2)), name)
                    .getMessage();
            assertTrue(message.contains(name), message);
        }
    }

    /// What was computed before, row by row; but for the result named `broken`.
    private static RowLaw.Family kept(Map<String, float[]> all, int rows, String broken) {
        return (threads, ids) -> {
            Map<String, float[]> found = new LinkedHashMap<>();
            all.forEach((name, values) -> {
                boolean sum = name.startsWith(FamilyCases.OVER_ROWS);
                int width = values.length / rows;
                float[] some = sum ? values.clone() : new float[ids.length * width];
                for (int i = 0; !sum && i < ids.length; i++) System.arraycopy(values, ids[i] * width, some, i * width, width);
                if (name.equals(broken) && (sum ? threads == 3 : ids.length == 1)) some[some.length - 1] = Math.nextUp(some[some.length - 1]);
                found.put(name, some);
            });
            return found;
        };
    }
}
