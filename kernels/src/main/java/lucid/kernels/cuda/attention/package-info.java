/// Attention on a GPU: a plan becomes tables of units, keys and tiles, and these become launches of the exact kernels or of those on tensor cores.
/// It holds no arithmetic, and no result depends on how a plan is cut.
/// Start with [CudaAttention], then [AttentionTables]; [SplitAttention] is for few rows over many keys.
package lucid.kernels.cuda.attention;
