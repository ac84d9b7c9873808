package lucid.kernels.ptx;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lucid.kernels.ptx.async.BlockAsync;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.machine.Grid;
import lucid.kernels.ptx.machine.Observer;
import lucid.kernels.ptx.machine.Program;
import lucid.kernels.ptx.machine.launch.Counters;
import lucid.kernels.ptx.machine.launch.Geometry;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.unshared.ConstantMemory;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// Runs an entry of a module over a grid, under all checks.
///
/// ```java
/// var memory = new GlobalMemory(1);
/// long out = memory.allocate("out", 1024);
/// RunReport report = Launch.of(PtxModule.parse(path), null).grid(2, 1, 1).block(128, 1, 1)
///         .memory(memory).argument("out", out).argument("n", 256).run();
/// ```
/// Everything is checked before the first instruction runs: what a driver would refuse is an [IllegalArgumentException]. Not thread-safe.
public final class Launch {
    /// Warp-instructions that a launch may run unless [#budget] says otherwise: about a minute.
    public static final long DEFAULT_BUDGET = 1L << 31;
    private static final int MAX_FINDINGS = 200;
    /// Opcodes that concern asynchronous work.
    private static final Set<String> ASYNCHRONOUS = Set.of("cp", "mbarrier", "wgmma", "fence");

    private final PtxModule module;
    private final Entry entry;
    private final Arguments arguments;
    private Geometry.Size grid = new Geometry.Size(1, 1, 1);
    private Geometry.Size block = new Geometry.Size(1, 1, 1);
    private Geometry.Size cluster;
    private int dynamicShared;
    private GlobalMemory memory;
    private Schedule schedule = Schedule.ROUND_ROBIN;
    private long seed = 1;
    private Timing timing = Timing.LATE;
    private Accumulation accumulation = Accumulation.EXACT;
    private int threads = Math.min(4, Runtime.getRuntime().availableProcessors());
    private long budget = DEFAULT_BUDGET;
    private Observer observer;
    /// Decoded by the first run; a launch may run again with other arguments.
    private Program program;

    private Launch(PtxModule module, Entry entry) {
        this.module = module;
        this.entry = entry;
        this.arguments = new Arguments(module, entry);
    }

    /// A launch of that entry; `null` means the module's only one.
    ///
    /// @throws IllegalArgumentException when there is no such entry
    public static Launch of(PtxModule module, String entryName) {
        return new Launch(module, module.entry(entryName));
    }

    /// Blocks in x, y, z.
    public Launch grid(int x, int y, int z) {
        grid = new Geometry.Size(x, y, z);
        return this;
    }

    /// Threads of a block in x, y, z.
    public Launch block(int x, int y, int z) {
        block = new Geometry.Size(x, y, z);
        return this;
    }

    /// Blocks of a cluster in x, y, z; without this call, what the entry requires by `.reqnctapercluster`, else none.
    public Launch cluster(int x, int y, int z) {
        cluster = new Geometry.Size(x, y, z);
        return this;
    }

    /// Bytes of the `extern .shared` array.
    public Launch shared(int dynamicBytes) {
        dynamicShared = dynamicBytes;
        return this;
    }

    /// The global memory that pointers lead into.
    public Launch memory(GlobalMemory globalMemory) {
        memory = globalMemory;
        return this;
    }

    /// An integer or a pointer.
    ///
    /// @throws IllegalArgumentException when there is no such parameter, or it has another type or does not hold the value
    public Launch argument(String name, long value) {
        arguments.set(name, value);
        return this;
    }

    /// An `.f32`.
    public Launch argument(String name, float value) {
        arguments.set(name, value);
        return this;
    }

    /// An `.f64`.
    public Launch argument(String name, double value) {
        arguments.set(name, value);
        return this;
    }

    /// A parameter that is an array of bytes, such as a tensor map.
    public Launch argument(String name, byte[] value) {
        arguments.set(name, value);
        return this;
    }

    /// All parameters at once, packed as the entry declares them: what a driver gets.
    public Launch parameters(byte[] block) {
        arguments.setAll(block);
        return this;
    }

    /// In which order warps take turns; the seed also draws everything else that a launch draws.
    public Launch schedule(Schedule order, long withSeed) {
        schedule = order;
        seed = withSeed;
        return this;
    }

    /// When asynchronous work happens.
    public Launch timing(Timing when) {
        timing = when;
        return this;
    }

    /// How tensor cores add up; [Accumulation#EXACT] unless it is called.
    public Launch accumulation(Accumulation how) {
        accumulation = how;
        program = null;
        return this;
    }

    /// Java threads that run blocks; findings, counters and results of a kernel without races do not depend on it.
    public Launch threads(int count) {
        threads = Limits.atLeast("threads", count, 1);
        return this;
    }

    /// Warp-instructions after which the launch is stopped with a finding.
    public Launch budget(long maxWarpInstructions) {
        budget = Limits.atLeast("budget", maxWarpInstructions, 1);
        return this;
    }

    /// Sees every instruction.
    public Launch observer(Observer watching) {
        observer = watching;
        program = null;
        return this;
    }

    /// Decodes the entry and runs the grid.
    ///
    /// @throws lucid.kernels.ptx.text.syntax.PtxSyntaxException for an instruction that the emulator does not know
    /// @throws IllegalArgumentException for arguments or sizes that no driver would launch
    public RunReport run() {
        var geometry = Limits.check(module, entry, grid, block, cluster, dynamicShared);
        if (memory == null) {
            memory = new GlobalMemory(seed);
        }
        if (program == null) program = Program.decode(module, entry, Instructions.decoders(), accumulation, BlockAsync.checks(entry), observer);
        var findings = new Findings(MAX_FINDINGS);
        int workers = (int) Math.min(threads, geometry.clusters());
        var memories = memories(geometry);
        memory.beginLaunch(workers);
        var machine = new Grid(program, geometry, memories, findings, schedule, seed, budget,
                asynchronous() ? furnished -> furnished.async = new BlockAsync(furnished, timing, seed) : _ -> {});
        try {
            Counters counters = machine.run(workers);
            return new RunReport(module.name(), entry, geometry, findings.list(), findings.dropped(), counters, program.lints());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the launch of " + entry.name() + " was interrupted", e);
        }
    }

    /// Most kernels have no asynchronous work; their blocks start faster without the means for it.
    private boolean asynchronous() {
        return entry.instructions().stream().anyMatch(i -> ASYNCHRONOUS.contains(i.opcode()));
    }

    /// Lays out what all blocks share. The dynamic array moves off its best alignment unless that would exceed what a block may have.
    private Grid.Memories memories(Geometry geometry) {
        int base = Limits.hopper(module) ? SharedMemory.SM_90_BASE : 0;
        long sharedSeed = seed;
        if (new SharedMemory(entry.shared(), geometry.dynamicShared(), base, 0, sharedSeed).size() > Limits.sharedBytes(module)) {
            sharedSeed &= ~1;
        }
        return new Grid.Memories(memory, ConstantMemory.of(module.variables()), arguments.block(), globals(), base, sharedSeed);
    }

    /// Module-scope `.global` variables live in the memory as allocations and keep their content from launch to launch.
    private Map<Variable, Long> globals() {
        var addresses = new HashMap<Variable, Long>();
        List<GlobalMemory.Allocation> present = memory.allocations();
        for (Variable variable : module.variables()) {
            if (variable.space() == Space.GLOBAL) {
                String name = module.name() + ":" + variable.name();
                addresses.put(variable, present.stream().filter(a -> a.name().equals(name)).map(GlobalMemory.Allocation::address).findFirst()
                        .orElseGet(() -> variable.initial() == null ? memory.allocateZero(name, variable.bytes())
                                : memory.allocate(name, variable.initial())));
            }
        }
        return addresses;
    }
}
