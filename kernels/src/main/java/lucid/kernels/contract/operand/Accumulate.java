package lucid.kernels.contract.operand;

/// What happens to what is already in the output.
public enum Accumulate {
    /// The output is overwritten; what was there is never read.
    SET,
    /// The finished result is added: `out = out + result`, one rounding.
    ADD
}
