package lucid.grpo.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Groups at the edges; the numbers of ordinary ones are held to the original's by the golden cases.
class AdvantagesTest {
    /// A group of equal rewards has no spread, also where their average is not one of them (0.1 six times adds up to 0.6, less one place) and nothing
    /// is added to the deviation.
    @ParameterizedTest @ValueSource(ints = {1, 2, 3, 5, 6, 7, 8, 11})
    void withoutSpreadThereIsNoDirection(int completions) {
        Advantages plain = new Advantages(0, 0, true);
        for (int i = -300; i <= 300; i++) {
            double[] rewards = new double[completions];
            Arrays.fill(rewards, i / 100.0);
            assertEquals(0, Advantages.std(rewards), "reward " + i / 100.0);
            assertArrayEquals(new double[completions], plain.of(rewards, new double[completions]), "reward " + i / 100.0);
        }
    }

    @Test void noiseAloneGivesOne() {
        assertArrayEquals(new double[] {0.02, -0.04}, new Advantages(0, 0.02, true).of(new double[] {0.1, 0.1}, new double[] {1, -2}));
        assertArrayEquals(new double[] {0.5, -0.5}, new Advantages(0, 0, false).of(new double[] {2, 1}, new double[2]));
    }

    /// Two groups, one of which nearly agrees: means 1 and 0.1, the deviation that of all four rewards.
    @Test void theDeviationMayBeTheSteps() {
        List<double[]> groups = List.of(new double[] {2, 0}, new double[] {0.2, 0});
        double all = Advantages.std(new double[] {2, 0, 0.2, 0});
        List<double[]> found = new Advantages(0, 0, true, true).ofStep(groups, 1, 0);
        assertArrayEquals(new double[] {1 / all, -1 / all}, found.getFirst(), 1e-12);
        assertArrayEquals(new double[] {0.1 / all, -0.1 / all}, found.getLast(), 1e-12);
        List<double[]> own = new Advantages(0, 0, true).ofStep(groups, 1, 0);
        assertArrayEquals(new double[] {Math.sqrt(0.5), -Math.sqrt(0.5)}, own.getLast(), 1e-12);
    }

    /// The noise of a group belongs to its number in the step.
    @Test void everyGroupHasItsOwnNoise() {
        List<double[]> found = new Advantages(0, 0.02, true).ofStep(List.of(new double[2], new double[2]), 7, 3);
        for (int g = 0; g < 2; g++) {
            double[] normals = Advantages.normals(2, 7, 3, g);
            assertArrayEquals(new double[] {0.02 * normals[0], 0.02 * normals[1]}, found.get(g));
        }
    }

    /// 1e200 squared is infinite, and what is divided by that is 0: such a group would seem to have no spread. 1e39 is infinite for the kernel.
    @Test void rewardsThatAreTooFarApartAreRefused() {
        double[] far = new Advantages(1e-4, 0, true).of(new double[] {1e30, -1e30}, new double[2]);
        assertArrayEquals(new double[] {Math.sqrt(0.5), -Math.sqrt(0.5)}, far, 1e-9);
        Advantages plain = new Advantages(1e-4, 0, true);
        String message = assertThrows(IllegalArgumentException.class, () -> plain.of(new double[] {1e200, -1e200}, new double[2])).getMessage();
        assertTrue(message.startsWith("advantages: rewards [1.0E200, -1.0E200] with noise 0.0, divided by Infinity give [0.0, 0.0]"), message);
        assertThrows(IllegalArgumentException.class, () -> new Advantages(1e-4, 0, false).of(new double[] {1e39, 0}, new double[2]));
    }
}
