package lucid.kernels.compile;

/// An assembler that turns PTX into machine code and reports on it. [CompileGate] asks every one that this machine has.
public sealed interface PtxCompiler permits NvPtxCompiler, PtxAs {
    /// Name and version, for example `nvPTXCompiler 12.0`.
    String describe();

    /// Assembles `text`; `name` is what messages call the file, `target` an architecture such as `sm_90a`.
    Compilation compile(String name, String text, String target);
}
