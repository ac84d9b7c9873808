package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The element-wise and row-wise families: right (against the textbook in double), and the same to the bit alone, in a batch and on any number of threads;
/// [BitHashesTest] has the vector widths.
class FamilyLawTest {
    private static final Set<String> EXACT_CHOICES = Set.of("sample ", "through ");

    @ParameterizedTest
    @CsvSource({"1,1", "3,5", "2,15", "7,16", "5,17", "4,33", "37,130", "2,5000"})
    void agreesWithTheTextbook(int rows, int cols) {
        try (Device simd = new SimdDevice(2); Device reference = new ReferenceDevice()) {
            Map<String, float[]> want = FamilyCases.run(reference, 0, rows, cols);
            Map<String, float[]> got = FamilyCases.run(simd, 0, rows, cols);
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
            float tolerance = choice ? 0 : 3e-5f * Math.max(1, name.startsWith(FamilyCases.OVER_ROWS) ? scale : Math.abs(want[i]));
            // One bf16 rounding may fall to the other side.
            if (name.endsWith("bf16") && name.startsWith("adamW")) tolerance = Math.abs(want[i]) / 128;
            assertEquals(want[i], got[i], tolerance, name + ", element " + i);
        }
    }

    @Test void threadsDoNotShow() {
        Map<String, float[]> one;
        try (Device device = new SimdDevice(1)) {
            one = FamilyCases.run(device, 0, 70, 1030);
        }
        for (int threads = 2; threads <= 4; threads++) {
            try (Device device = new SimdDevice(threads)) {
                int n = threads;
                FamilyCases.run(device, 0, 70, 1030).forEach((name, got) -> assertArrayEquals(one.get(name), got, 0f, name + " on " + n + " threads"));
            }
        }
    }

    @Test void rowsAloneAreRowsOfABatch() {
        int rows = 9;
        int cols = 77;
        try (Device device = new SimdDevice(3)) {
            Map<String, float[]> batch = FamilyCases.run(device, 0, rows, cols);
            for (int r = 0; r < rows; r++) {
                int row = r;
                FamilyCases.run(device, r, 1, cols).forEach((name, alone) -> {
                    if (name.startsWith(FamilyCases.OVER_ROWS)) return;
                    int width = alone.length;
                    float[] inBatch = Arrays.copyOfRange(batch.get(name), row * width, (row + 1) * width);
                    assertArrayEquals(inBatch, alone, 0f, name + ", row " + row);
                });
            }
        }
    }
}
