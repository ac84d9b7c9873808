/// What arithmetic instructions do to one value: IEEE operations in every rounding, integer functions, conversions, dot products and the functions
/// behind `ex2`, `lg2` and `tanh`. No registers, lanes or modifiers here; the formats below f32 as such are `lucid.kernels.ptx.number`'s.
/// Start with [Binary32], then [Integers].
package lucid.kernels.ptx.steps.scalar;
