package lucid.nn.parity;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import lucid.nn.file.StoredTensor;

/// A computed or expected tensor on the host, in double (every stored f32 and every id fits exactly).
record Values(int[] shape, double[] data) {
    static Values of(float[] data, int... shape) { return of(data.length, i -> data[i], shape); }

    static Values of(int[] data, int... shape) { return of(data.length, i -> data[i], shape); }

    static Values of(StoredTensor t) {
        double[] out = new double[Math.toIntExact(t.elements())];
        for (int i = 0; i < out.length; i++) out[i] = t.value(i);
        return new Values(t.intShape(), out);
    }

    private static Values of(int length, IntToDoubleFunction f, int... shape) {
        double[] out = new double[length];
        Arrays.setAll(out, f);
        return new Values(shape, out);
    }

    Values {
        int n = 1;
        for (int d : shape) n *= d;
        if (n != data.length) throw new IllegalArgumentException("values: " + data.length + " numbers for shape " + Arrays.toString(shape));
    }

    /// Index of element i in the shape, for messages: `[2, 0, 17]`.
    static String index(int[] shape, int i) {
        int[] at = new int[shape.length];
        for (int d = shape.length - 1; d >= 0; d--) {
            at[d] = i % shape[d];
            i /= shape[d];
        }
        return Arrays.toString(at);
    }

    @Override public boolean equals(Object o) { return o instanceof Values v && Arrays.equals(shape, v.shape) && Arrays.equals(data, v.data); }

    @Override public int hashCode() { return Arrays.hashCode(data); }

    @Override public String toString() { return "values" + Arrays.toString(shape); }
}
