package lucid.kernels.contract;

/// What a product may do to its finished elements before it stores them; see [MatMul#multiplyActivated].
public enum Activation {
    /// SigLIP's `gelu_pytorch_tanh`.
    GELU_TANH(Elementwise.Unary.GELU_TANH),
    /// The exact form, of the connector.
    GELU_ERF(Elementwise.Unary.GELU_ERF);

    private final Elementwise.Unary unary;

    Activation(Elementwise.Unary unary) { this.unary = unary; }

    /// The same function as an operation of its own.
    public Elementwise.Unary unary() { return unary; }
}
