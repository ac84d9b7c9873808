/// Conformance of single instructions: tables of forms with inputs and expected bits, each run as a tiny `.ptx` module of its own.
/// Expected values come from the published semantics by hand or by oracles that share no code with the emulator; never from its output.
/// Start at [lucid.kernels.ptx.conformance.FormsTest] and at a table under `ptx/forms`.
package lucid.kernels.ptx.conformance;
