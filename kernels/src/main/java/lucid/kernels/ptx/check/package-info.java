/// What the emulator finds wrong with a run: kinds of findings, where they happened, and their collection.
/// It does not find them: memory, registers and barriers do, and report here.
/// Start at [lucid.kernels.ptx.check.Finding] and [lucid.kernels.ptx.check.Findings].
package lucid.kernels.ptx.check;
