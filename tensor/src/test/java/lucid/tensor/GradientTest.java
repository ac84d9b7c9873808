package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import lucid.kernels.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every operation, forward and backward, against its formula and central finite differences in double.
class GradientTest {
    /// f32 kernels against double: a few dozen roundings of 6e-8, relative to the largest number of the result.
    private static final double TOLERANCE = 5e-6;
    /// Step of the central difference: truncation ~h² and rounding ~1e-16/h meet here, both near 1e-10.
    private static final double H = 1e-5;

    static Stream<Arguments> cases() { return Devices.all().flatMap(d -> Cases.all().stream().map(c -> Arguments.of(d, c))); }

    @ParameterizedTest @MethodSource("cases")
    void forwardAndBackwardAgreeWithTheFormula(Devices which, Case c) {
        float[][] values = values(c);
        double[] y = c.book().apply(widen(values));
        float[] seed = random(y.length, -1, 1, 77);
        float[][] once = new float[values.length][];
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Tensor[] in = leaves(scope, c, values, -1);
            Tensor result = c.tensor().apply(in);
            assertClose(y, result.toFloats(), c + ": forward");
            result.backward(Tensor.of(scope, seed, y.length));
            for (int i = 0; i < in.length; i++) {
                once[i] = in[i].grad().toFloats();
                assertClose(differences(c, values, i, seed), once[i], c + ": gradient of input " + i);
            }
            assertEquals(0, scope.tape().size());
        }
        alone(which, c, values, seed, once);
        twice(which, c, values, seed, once);
    }

    /// One computed tensor in the place of two inputs: its gradient is the sum of both, though kernels write the two in one call.
    @ParameterizedTest @MethodSource("cases")
    void oneTensorMayBeTwoInputs(Devices which, Case c) {
        for (int i = 0; i < c.shapes().size(); i++) {
            for (int j = i + 1; j < c.shapes().size(); j++) {
                if (sameMatrix(c.shapes().get(i), c.shapes().get(j))) asOne(which, c, i, j);
            }
        }
    }

    private static boolean sameMatrix(int[] a, int[] b) {
        Shape s = new Shape(a), t = new Shape(b);
        return s.rows() == t.rows() && s.cols() == t.cols();
    }

    private static void asOne(Devices which, Case c, int i, int j) {
        float[][] values = values(c);
        values[j] = values[i];
        float[] seed = random(c.book().apply(widen(values)).length, -1, 1, 77);
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Tensor[] in = leaves(scope, c, values, -1);
            Tensor leaf = in[i];
            in[j] = in[i] = leaf.scale(1f);
            c.tensor().apply(in).backward(Tensor.of(scope, seed, seed.length));
            double[] both = differences(c, values, i, seed);
            double[] second = differences(c, values, j, seed);
            for (int k = 0; k < both.length; k++) both[k] += second[k];
            assertClose(both, leaf.grad().toFloats(), c + ": gradient of one tensor as inputs " + i + " and " + j);
        }
    }

    /// An operation that is added without a case here fails this test. Left out: the checkpoint (a test of its own), rowMax (a constant), and the
    /// layers that run only where nothing is recorded ([ActivatedLinearTest]).
    @Test void everyOperationHasACase() {
        Set<Class<?>> seen = new HashSet<>(Set.of(CheckpointOp.class, ReduceOp.RowMax.class, MatMulOp.ActivatedLinear.class,
                MatMulOp.GatedLinear.class, MatMulOp.SeveralLinear.class));
        try (Device device = Devices.REFERENCE.open()) {
            for (Case c : Cases.all()) {
                try (Scope scope = Scope.open(device)) {
                    Tensor[] in = leaves(scope, c, values(c), -1);
                    for (int i = 0; i < in.length; i++) in[i] = in[i].scale(1f);
                    c.tensor().apply(in);
                    for (Op op : scope.tape().records()) seen.add(op.getClass());
                }
            }
        }
        assertEquals(operations(Op.class), seen);
    }

    private static Set<Class<?>> operations(Class<?> family) {
        if (!family.isSealed()) return Set.of(family);
        Set<Class<?>> all = new HashSet<>();
        for (Class<?> c : family.getPermittedSubclasses()) all.addAll(operations(c));
        return all;
    }

    /// Inputs that want no gradient must not change the gradients of the others.
    private static void alone(Devices which, Case c, float[][] values, float[] seed, float[][] wanted) {
        for (int only = 0; only < values.length; only++) {
            try (Device device = which.open(); Scope scope = Scope.open(device)) {
                Tensor[] in = leaves(scope, c, values, only);
                c.tensor().apply(in).backward(Tensor.of(scope, seed, seed.length));
                assertArrayEquals(wanted[only], in[only].grad().toFloats(), c + ": gradient of input " + only + " alone");
            }
        }
    }

    /// Computed inputs that are used twice: the second contribution is added to the first.
    private static void twice(Devices which, Case c, float[][] values, float[] seed, float[][] wanted) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Tensor[] leaves = leaves(scope, c, values, -1);
            Tensor[] in = new Tensor[leaves.length];
            for (int i = 0; i < in.length; i++) in[i] = leaves[i].scale(1f);
            Tensor first = c.tensor().apply(in);
            Tensor sum = first.add(c.tensor().apply(in));
            long before = device.liveBytes();
            sum.backward(Tensor.of(scope, seed, seed.length));
            long leafGradients = 0;
            for (int i = 0; i < in.length; i++) {
                double[] doubled = new double[wanted[i].length];
                for (int j = 0; j < doubled.length; j++) doubled[j] = 2 * wanted[i][j];
                assertClose(doubled, leaves[i].grad().toFloats(), c + ": gradient of input " + i + " used twice");
                leafGradients += 4L * doubled.length;
            }
            assertEquals(before + leafGradients + 4L * seed.length, device.liveBytes(), c + ": memory that the backward left behind");
        }
    }

    private static Tensor[] leaves(Scope scope, Case c, float[][] values, int only) {
        Tensor[] in = new Tensor[values.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = Tensor.of(scope, values[i], c.shapes().get(i));
            if (only < 0 || only == i) in[i].requireGrad();
        }
        return in;
    }

    private static double[] differences(Case c, float[][] values, int input, float[] seed) {
        double[][] x = widen(values);
        double[] d = new double[x[input].length];
        for (int j = 0; j < d.length; j++) {
            double at = x[input][j];
            x[input][j] = at + H;
            double up = weighted(c.book().apply(x), seed);
            x[input][j] = at - H;
            d[j] = (up - weighted(c.book().apply(x), seed)) / (2 * H);
            x[input][j] = at;
        }
        return d;
    }

    private static double weighted(double[] y, float[] seed) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) sum += y[i] * seed[i];
        return sum;
    }

    private static void assertClose(double[] wanted, float[] found, String what) {
        assertEquals(wanted.length, found.length, what);
        double largest = 1;
        for (double w : wanted) largest = Math.max(largest, Math.abs(w));
        for (int i = 0; i < wanted.length; i++) assertEquals(wanted[i], found[i], TOLERANCE * largest, what + ", element " + i);
    }

    private static float[][] values(Case c) {
        float[][] values = new float[c.shapes().size()][];
        for (int i = 0; i < values.length; i++) values[i] = random(new Shape(c.shapes().get(i)).size(), c.low(), c.high(), 1 + i);
        return values;
    }

    private static double[][] widen(float[][] values) {
        double[][] wide = new double[values.length][];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = new double[values[i].length];
            for (int j = 0; j < wide[i].length; j++) wide[i][j] = values[i][j];
        }
        return wide;
    }

    static float[] random(int n, double low, double high, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = (float) random.nextDouble(low, high);
        return x;
    }
}
