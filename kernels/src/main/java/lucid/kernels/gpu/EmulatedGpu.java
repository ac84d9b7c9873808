package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;

/// A GPU that is Lucid's own emulator: every kernel runs instruction by instruction, under all checks. A finding is a [KernelFaultException].
public final class EmulatedGpu implements Gpu {
    /// Bytes that one host array may carry.
    private static final int PIECE = 1 << 26;

    /// How the emulated hardware behaves where real hardware is free to choose.
    ///
    /// @param capability as [Gpu#computeCapability]
    /// @param threads    Java threads that run blocks
    public record Settings(int capability, Schedule schedule, Timing timing, long seed, int threads) {
        public static final Settings DEFAULT = new Settings(90, Schedule.ROUND_ROBIN, Timing.LATE, 1,
                Math.min(4, Runtime.getRuntime().availableProcessors()));
    }

    private final Settings settings;
    private final GlobalMemory memory;
    private final Map<Long, Long> sizes = new HashMap<>();
    private Consumer<RunReport> listener = _ -> {};
    private BinaryOperator<String> texts = (_, text) -> text;
    private long budget = Launch.DEFAULT_BUDGET;
    private long launches;
    private long capacity = Long.MAX_VALUE;
    private long used;
    private boolean pools;
    private Recording recording;
    private final Replay.Desk desk = new Replay.Desk();

    /// With [Settings#DEFAULT]: a Hopper whose warps take turns and whose asynchronous copies arrive as late as they may.
    public EmulatedGpu() { this(Settings.DEFAULT); }

    /// @param settings how it behaves where hardware is free to choose
    public EmulatedGpu(Settings settings) {
        this.settings = settings;
        this.memory = new GlobalMemory(settings.seed);
    }

    /// Sees the report of every launch: counters, traffic, conflicts.
    public EmulatedGpu listen(Consumer<RunReport> to) {
        listener = to;
        return this;
    }

    /// Loads `edit(name, text)` instead of every text from now on: for seeded faults and experiments.
    public EmulatedGpu texts(BinaryOperator<String> edit) {
        texts = edit;
        return this;
    }

    /// Stops every launch after so many warp-instructions, with a finding.
    public EmulatedGpu budget(long warpInstructions) {
        budget = warpInstructions;
        return this;
    }

    @Override public String description() {
        return "emulated GPU, compute capability " + settings.capability / 10 + "." + settings.capability % 10 + ", all checks on";
    }

    @Override public int computeCapability() { return settings.capability; }

    @Override public int multiprocessors() { return settings.threads; }

    /// A block has the shared memory that it would have on a card of this compute capability (CUDA C++ Programming Guide, table of technical
    /// specifications).
    @Override public Limits limits() {
        int kilobytes = switch (settings.capability) {
            case 80, 87 -> 163;
            case 86, 89, 120, 121 -> 99;
            default -> 227;
        };
        return new Limits(1024, kilobytes * 1024, Integer.MAX_VALUE);
    }

    /// Has room for so many bytes, and wants freed memory to be kept, as a real GPU does.
    public EmulatedGpu capacity(long bytes) {
        capacity = bytes;
        pools = true;
        return this;
    }

    @Override public boolean poolsMemory() { return pools; }

    @Override public long allocate(long bytes, String what) {
        if (bytes > capacity - used) throw new OutOfDeviceMemoryException(what, bytes, used, capacity - used);
        used += bytes;
        long address = memory.allocate(what, bytes);
        sizes.put(address, bytes);
        return address;
    }

    @Override public void free(long address) {
        desk.cut();
        memory.free(address);
        used -= sizes.remove(address);
    }

    @Override public void copyIn(long address, MemorySegment source) {
        if (desk.copyIn(address, source)) return;
        if (recording != null) recording.work.add(() -> take(address, source));
        else take(address, source);
    }

    private void take(long address, MemorySegment source) {
        for (long at = 0; at < source.byteSize(); at += PIECE) {
            memory.write(address + at, source.asSlice(at, Math.min(PIECE, source.byteSize() - at)).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Override public void copyOut(Read... reads) {
        desk.cut();
        Graph.refuse(recording, "copyOut");
        for (Read read : reads) give(read.address(), read.target());
    }

    private void give(long address, MemorySegment target) {
        for (long at = 0; at < target.byteSize(); at += PIECE) {
            int bytes = (int) Math.min(PIECE, target.byteSize() - at);
            MemorySegment.copy(memory.read(address + at, bytes), 0, target, ValueLayout.JAVA_BYTE, at, bytes);
        }
    }

    @Override public void copy(long target, long source, long bytes) {
        if (desk.copy(target, source, bytes)) return;
        if (recording != null) recording.work.add(() -> move(target, source, bytes));
        else move(target, source, bytes);
    }

    private void move(long target, long source, long bytes) {
        for (long at = 0; at < bytes; at += PIECE) {
            memory.write(target + at, memory.read(source + at, (int) Math.min(PIECE, bytes - at)));
        }
    }

    @Override public Kernel load(String name, String text) {
        PtxModule module = PtxModule.parse(name + ".ptx", texts.apply(name, text));
        return new Kernel(this, name, module, Launch.of(module, name), (bytes, _) -> MemorySegment.ofArray(new byte[(int) bytes]));
    }

    @Override public void launch(Kernel kernel, LaunchShape shape, MemorySegment parameters) {
        if (desk.launch(kernel, shape, parameters)) return;
        byte[] values = parameters.toArray(ValueLayout.JAVA_BYTE);
        if (recording != null) recording.work.add(() -> run(kernel, shape, values));
        else run(kernel, shape, values);
    }

    private void run(Kernel kernel, LaunchShape shape, byte[] parameters) {
        // Another seed for every launch, so that orders vary over a run, and the same ones in every run.
        RunReport report = ((Launch) kernel.handle()).grid(shape.gridX(), shape.gridY(), shape.gridZ()).block(shape.blockX(), shape.blockY(), 1)
                .shared(shape.sharedBytes()).memory(memory).parameters(parameters)
                .schedule(settings.schedule, settings.seed + launches++).timing(settings.timing).budget(budget).threads(settings.threads).run();
        listener.accept(report);
        if (!report.findings().isEmpty())
            throw new KernelFaultException(kernel.name(), shape, Call.describe(kernel, MemorySegment.ofArray(parameters)), report.findings());
    }

    /// Launches so far.
    public long launches() { return launches; }

    @Override public Graph record(Runnable launched) {
        Graph.refuse(recording, "record");
        Recording made = new Recording();
        recording = made;
        try {
            launched.run();
        } finally {
            recording = null;
        }
        return made;
    }

    @Override public Replay replay() { return new Replay(this, desk); }

    @Override public Replay.Counts replayed() { return desk.counts(); }

    /// The work, as it was asked for.
    static final class Recording extends Graph {
        private final List<Runnable> work = new ArrayList<>();

        @Override public void launch() { work.forEach(Runnable::run); }

        @Override public void close() { work.clear(); }
    }

    /// The emulator's own time, which says nothing about a GPU's.
    @Override public Event event() {
        desk.cut();
        return new Instant(System.nanoTime());
    }

    private record Instant(long nanos) implements Event {
        @Override public double millisecondsSince(Event earlier) { return (nanos - ((Instant) earlier).nanos) / 1e6; }

        @Override public void close() {}
    }

    @Override public MemorySegment encode(TensorMap map) { return MemorySegment.ofArray(map.encode()); }

    @Override public void synchronize() { desk.cut(); }

    @Override public void close() {
        for (long address : sizes.keySet().toArray(Long[]::new)) free(address);
    }
}
