/// The fast CPU implementation of the contract, with the Vector API on a fixed thread pool: the same bits on every CPU and vector width.
/// It is not the place to learn the formulas (see `lucid.kernels.reference`) and holds no memory policy; products and attention are large enough for
/// packages of their own. Start with [SimdNormalization], the shape of every family here, then [lucid.kernels.simd.matmul.SimdMatMul] and
/// [lucid.kernels.simd.attention.SimdAttention].
package lucid.kernels.simd;
