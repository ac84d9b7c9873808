package lucid.tensor;

/// Arguments of an operation do not fit together. The message names the operation, what it got, what it wanted and what to do.
public final class ShapeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public ShapeException(String message) { super(message); }

    static void check(boolean fits, String operation, Tensor a, Tensor b, String wanted) {
        if (!fits) throw new ShapeException(operation + ": " + a + " with " + b + "; wanted " + wanted);
    }

    static void check(boolean fits, String operation, Tensor x, String wanted) {
        if (!fits) throw new ShapeException(operation + ": " + x + "; wanted " + wanted);
    }
}
