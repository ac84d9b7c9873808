/// How CPU kernels divide their work: the thread pool, how large a piece is, and the memory that a thread keeps between pieces.
/// It computes nothing, and nothing it decides shows in a result.
/// Start with [Workers], then [Strips].
package lucid.kernels.simd.work;
