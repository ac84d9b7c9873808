package lucid.kernels.compile;

/// nvPTXCompiler 12.0 inside this process, from JCuda's natives: no GPU, no driver, no CUDA installation.
///
/// A fault inside the assembler ends the whole process, as in any in-process compiler; [PtxAs] is a process of its own.
public final class NvPtxCompiler implements PtxCompiler {
    private final NvPtxLibrary library;
    private final String description;

    private NvPtxCompiler(NvPtxLibrary library) {
        this.library = library;
        description = "nvPTXCompiler " + library.version();
    }

    /// @throws UnsupportedOperationException when this platform has no such library; the message names the missing file
    public static NvPtxCompiler load() {
        return new NvPtxCompiler(NvPtxLibrary.load());
    }

    @Override public String describe() {
        return description;
    }

    @Override public Compilation compile(String name, String text, String target) {
        return CompilerLog.read(description, name, target, library.compile(text, "--gpu-name=" + target, "--verbose"));
    }
}
