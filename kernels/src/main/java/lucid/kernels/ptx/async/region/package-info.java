/// The ends of bulk and tensor copies: bytes in shared memory, swizzled or not, boxes of a tensor in global memory, and how `cp.reduce` changes what
/// lies there. It does not know when a copy happens or who waits for it: that is [lucid.kernels.ptx.async].
/// Start at [Region], then [TensorMap].
package lucid.kernels.ptx.async.region;
