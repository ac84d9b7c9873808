package lucid.tensor;

import java.util.List;
import java.util.function.Function;

/// An operation beside its formula.
///
/// @param low  inputs are uniform in low .. high
/// @param book from the inputs' values to the result's
record Case(String name, double low, double high, List<int[]> shapes, Function<double[][], double[]> book, Function<Tensor[], Tensor> tensor) {
    Case(String name, List<int[]> shapes, Function<double[][], double[]> book, Function<Tensor[], Tensor> tensor) {
        this(name, -1.5, 1.5, shapes, book, tensor);
    }

    @Override public String toString() { return name; }
}
