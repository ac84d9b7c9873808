/// The number formats of PTX below f32 (f16, bf16, tf32, e4m3, e5m2): conversions exact to the bit, in every rounding that `cvt` knows.
/// No registers, lanes or memory here, and no arithmetic: a caller widens, computes and narrows again.
/// Start with [SmallFloat], which states the rule once; [Formats] has the fast static forms.
package lucid.kernels.ptx.number;
