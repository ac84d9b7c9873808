/// The devices: what a tensor asks for a family of kernels, and how one is opened.
/// Formulas and orders are in `lucid.kernels.contract`, implementations in `lucid.kernels.reference`, `lucid.kernels.simd` and `lucid.kernels.cuda`.
/// Start with [Device].
package lucid.kernels;
