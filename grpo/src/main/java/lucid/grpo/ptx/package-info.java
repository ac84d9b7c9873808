/// `lucid ptx`: runs, traces, counts and compiles `.ptx` files from the command line.
/// It is not the emulator, which lives in `lucid.kernels.ptx` and knows no command line.
/// Start at [lucid.grpo.ptx.PtxCommand] and [lucid.grpo.ptx.KernelArgument].
package lucid.grpo.ptx;
