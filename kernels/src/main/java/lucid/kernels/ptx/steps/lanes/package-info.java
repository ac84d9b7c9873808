/// Loops over a warp's lanes: an operation on one value, given as a lambda, becomes a step that applies it to every active lane, in vectors where it
/// can. What the operations are is not known here; that is in [lucid.kernels.ptx.steps].
/// Start at [Lanes], then read [Vectors], the operations that have a form for whole vectors.
package lucid.kernels.ptx.steps.lanes;
