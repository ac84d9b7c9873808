/// Arithmetic that must be the same on every machine: the counter-based generator Philox and, in scalar form, Lucid's exp, log, tanh, erf, sin, cos.
/// No buffers and no devices here.
/// Start with [Philox].
package lucid.kernels.math;
