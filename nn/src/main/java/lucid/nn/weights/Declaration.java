package lucid.nn.weights;

import java.util.Arrays;

/// What a model asks for when it is built: a parameter's published name, its role and its shape.
public record Declaration(String name, Role role, int... shape) {
    /// Numbers in it; 1 for a scalar.
    public long elements() { return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact); }

    /// The shape as weight files have it.
    public long[] longShape() { return Arrays.stream(shape).asLongStream().toArray(); }

    @Override public boolean equals(Object o) {
        return o instanceof Declaration d && name.equals(d.name) && role == d.role && Arrays.equals(shape, d.shape);
    }

    @Override public int hashCode() { return name.hashCode(); }

    @Override public String toString() { return name + " " + role + Arrays.toString(shape); }
}
