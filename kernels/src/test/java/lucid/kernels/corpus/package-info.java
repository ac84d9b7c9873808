/// Hand-written kernels of rising difficulty (`ptx/corpus/*.ptx` in the test resources), what each must compute, and seeded faults in them.
/// They exercise the emulator and the compile gate; the kernels that Lucid itself launches are elsewhere.
/// Start with [CorpusCase], then read a `.ptx` file's header.
package lucid.kernels.corpus;
