/// What a device can do, as small families of primitives over opaque buffers: formulas, shapes, dtypes, errors and the order of every sum.
/// It holds no arithmetic and knows no memory: the implementations are in `lucid.kernels.reference`, `lucid.kernels.simd` and `lucid.kernels.cuda`,
/// the checks they share in `lucid.kernels.contract.check`. Start with [MatMul], then [lucid.kernels.contract.operand.Matrix], what it works on;
/// `BIT-CONTRACT.md` in the module's folder is the same in prose.
package lucid.kernels.contract;
