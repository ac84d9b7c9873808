/// The fast CPU implementation of the contract: Vector API, packed panels, a fixed thread pool; the same bits on every CPU and vector width.
/// It is not the place to learn the formulas (see `lucid.kernels.reference`) and holds no memory policy.
/// Start with [SimdMatMul]; `Workers` is the thread pool and `Species` the vector widths.
package lucid.kernels.simd;
