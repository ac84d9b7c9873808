package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.DType;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;

class HashChainTest {
    private static String link(String head, String stage, long step, float... values) {
        try (Device device = new SimdDevice(1); Scope scope = Scope.open(device)) {
            return new HashChain(head).link(stage, step).tensor("w", Tensor.of(scope, values, values.length)).close();
        }
    }

    @Test void sameStepsSameHash() { assertEquals(link("a", "s", 1, 1f, 2f), link("a", "s", 1, 1f, 2f)); }

    /// Published hashes of runs are made of such links.
    @Test void aLinkIsWhatItAlwaysWas() {
        assertEquals("fc9e2ba30df45b86bba3cbda45e0f8547e78a90da98961d85225c218d444b147", link("a", "s", 3, 1f, 2f));
    }

    @Test void everythingCounts() {
        String base = link("a", "s", 1, 1f, 2f);
        assertNotEquals(base, link("b", "s", 1, 1f, 2f), "the link before");
        assertNotEquals(base, link("a", "t", 1, 1f, 2f), "the stage");
        assertNotEquals(base, link("a", "s", 2, 1f, 2f), "the step");
        assertNotEquals(base, link("a", "s", 1, 1f, Math.nextUp(2f)), "one bit of a weight");
    }

    @Test void longTensorsAreCoveredToTheEnd() {
        float[] x = new float[100_000];
        float[] y = x.clone();
        y[99_999] = Float.MIN_VALUE;
        assertNotEquals(link("a", "s", 1, x), link("a", "s", 1, y));
    }

    @Test void namesShapesAndOrderCount() {
        try (Device device = new SimdDevice(1); Scope scope = Scope.open(device)) {
            Tensor one = Tensor.of(scope, new float[] {1}, 1);
            Tensor two = Tensor.of(scope, new float[] {2}, 1);
            String base = chain().tensor("a", one).tensor("b", two).close();
            assertEquals(base, chain().tensor("a", one).tensor("b", two).close());
            assertNotEquals(base, chain().tensor("a", two).tensor("b", one).close(), "values exchanged");
            assertNotEquals(base, chain().tensor("b", two).tensor("a", one).close(), "another order");
            assertNotEquals(base, chain().tensor("a", one).tensor("c", two).close(), "another name");
            assertNotEquals(base, chain().tensor("a", Tensor.of(scope, new float[] {1, 2}, 2)).close(), "one tensor of both numbers");
            assertThrows(IllegalArgumentException.class, () -> chain().tensor("a", one).tensor("a", two));
        }
    }

    @Test void everyDeviceMakesTheSameLink_alsoOf16BitWeights() {
        String simd = mixed(new SimdDevice(3));
        assertEquals(simd, mixed(new ReferenceDevice()));
    }

    private static String mixed(Device device) {
        try (device; Scope scope = Scope.open(device)) {
            Tensor half = Tensor.undefined(scope, DType.BF16, 3, 5);
            device.write(half.matrix().buffer(), 0, new short[] {1, 2, 3, 4, 5, 0x3f80, -1, -2, -3, -4, 10, 20, 30, 40, 50});
            float[] many = new float[70_001];
            for (int i = 0; i < many.length; i++) many[i] = i * 0.001f;
            return chain().tensor("half", half).tensor("many", Tensor.of(scope, many, many.length)).close();
        }
    }

    private static HashChain.Link chain() { return new HashChain("start").link("s", 1); }
}
