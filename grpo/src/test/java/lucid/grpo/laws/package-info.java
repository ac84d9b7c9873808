/// The laws held on whole runs: a toy recipe is trained in every way that must not change a bit, and the hashes are compared.
/// Not about whether anything is learned, and not about single kernels.
/// Start with [Toy], then [SpeedLawTest].
package lucid.grpo.laws;
