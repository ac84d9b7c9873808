package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Variable;

/// A loaded kernel: one entry of one file, and what the GPU calls it.
public final class Kernel {
    private final Gpu gpu;
    private final String name;
    private final Entry entry;
    private final Object handle;
    private final long sharedBytes;
    private final Call call;

    /// @param handle whatever the GPU needs to launch it
    /// @param memory of the parameters, where the GPU reads them; it lives as long as the GPU
    Kernel(Gpu gpu, String name, PtxModule module, Object handle, SegmentAllocator memory) {
        this.gpu = gpu;
        this.name = name;
        this.entry = entry(name, module);
        this.handle = handle;
        this.sharedBytes = entry.shared().stream().mapToLong(Variable::bytes).sum();
        this.call = new Call(this, memory);
    }

    /// The only entry, which has the file's name.
    static Entry entry(String name, PtxModule module) {
        if (module.entries().size() == 1 && module.entries().getFirst().name().equals(name)) return module.entries().getFirst();
        throw new IllegalArgumentException(name + ".ptx: found the entries " + module.entries().stream().map(Entry::name).toList()
                + "; wanted one, named as the file");
    }

    public String name() { return name; }

    Entry entry() { return entry; }

    Object handle() { return handle; }

    /// Shared memory that the kernel declares itself, beside what a launch adds.
    long sharedBytes() { return sharedBytes; }

    List<Variable> parameters() { return entry.parameters(); }

    /// Starts a launch: its parameters follow in the order of the file. There is one call of a kernel at a time.
    public Call call() { return call.begin(); }

    void launch(LaunchShape shape, MemorySegment values) { gpu.launch(this, shape, values); }

    /// Launches with the parameters of an earlier call.
    void again(LaunchShape shape, MemorySegment values) { launch(shape, call.block(values)); }

    Gpu.Limits limits() { return gpu.limits(); }
}
