/// Attention on the CPU, forward and backward, over spans of packed rows, with online softmax in key blocks at absolute positions.
/// It owns no thread and no key cache: a plan says who sees what, and its units go to the device's workers.
/// Start with [SimdAttention], then [AttentionSchedule] (how a plan is cut), [AttentionTall] (many rows) and [AttentionFlat] (few).
package lucid.kernels.simd.attention;
