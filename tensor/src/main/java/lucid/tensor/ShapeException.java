package lucid.tensor;

/// Arguments of an operation do not fit together. The message names the operation, what it got, what it wanted and what to do.
public final class ShapeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public ShapeException(String message) { super(message); }

    static ShapeException of(String operation, Tensor a, Tensor b, String wanted) {
        return new ShapeException(operation + ": " + a + " with " + b + "; wanted " + wanted);
    }

    static ShapeException of(String operation, Tensor x, String wanted) { return new ShapeException(operation + ": " + x + "; wanted " + wanted); }
}
