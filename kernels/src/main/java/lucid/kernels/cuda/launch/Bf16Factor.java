package lucid.kernels.cuda.launch;

import lucid.kernels.contract.operand.Matrix;

/// A factor of a product as tensor cores want it: bf16, its rows at multiples of 16 bytes. From [Bf16Factors]; close it when the kernels that use it
/// are queued.
///
/// @param done gives back what was made for it
public record Bf16Factor(Matrix view, Runnable done) implements AutoCloseable {
    @Override public void close() { done.run(); }
}
