package lucid.bench.phase;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import lucid.bench.probe.Limit;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.simd.work.Workers;
import lucid.nn.generate.Completion;
import lucid.nn.optim.AdamW;
import lucid.tensor.Scope;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/// The phases of a GRPO step of the demo: 16 prompts of 109 rows (93 of text, 16 of the clip), 8 completions of 40 tokens each, 1.5 million
/// parameters. The limit is the FMA peak over all products of a phase, and for the optimiser the memory bandwidth.
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class PhaseBench {
    private static final int THREADS = Integer.getInteger("lucid.bench.threads", Runtime.getRuntime().availableProcessors());

    private Device device;
    private Workers workers;
    private Arena arena;
    private MemorySegment probed;
    private DemoStep demo;

    @Setup(Level.Trial) public void open() {
        device = new SimdDevice(THREADS);
        workers = new Workers(THREADS);
        arena = Arena.ofShared();
        demo = new DemoStep(device);
        probed = arena.allocate((long) demo.optimizerBytes(), 64).fill((byte) 1);
        gradients();   // the optimiser's step needs some
    }

    @Setup(Level.Iteration) public void probe(Limit limit, BenchmarkParams params) {
        String phase = params.getBenchmark().substring(params.getBenchmark().lastIndexOf('.') + 1);
        if (phase.equals("optimizerStep")) limit.memory(workers, List.of(probed), demo.optimizerBytes());
        else limit.arithmetic(workers, operations(phase));
    }

    private double operations(String phase) {
        return switch (phase) {
            case "tower" -> demo.towerWork().forward();
            case "connector" -> demo.connectorWork().forward();
            case "rollout" -> demo.rolloutWork().forward();
            case "decodeStep" -> demo.decodeWork().forward();
            case "scoring" -> demo.scoringWork().forward();
            case "gradients" -> demo.scoringWork().training();
            default -> throw new IllegalStateException("phase " + phase
                    + " has no count of operations; wanted one for every benchmark of this class");
        };
    }

    @TearDown(Level.Trial) public void close() {
        demo.close();
        workers.close();
        device.close();
        arena.close();
    }

    @Benchmark public void tower() {
        try (Scope _ = Scope.open(device)) {
            demo.tower();
        }
    }

    @Benchmark public void connector() {
        try (Scope _ = Scope.open(device)) {
            demo.connector();
        }
    }

    /// Connector, prompts, and 40 tokens for 128 completions.
    @Benchmark public List<Completion> rollout() {
        try (Scope _ = Scope.open(device)) {
            return demo.rollout();
        }
    }

    /// One token for 128 completions, half-way.
    @Benchmark public int[] decodeStep() {
        try (Scope _ = Scope.open(device)) {
            return demo.decodeStep();
        }
    }

    /// Connector and packed forward without gradients, to the log-probability of every token: what the reference model does.
    @Benchmark public void scoring() {
        try (Scope _ = Scope.open(device)) {
            demo.scoring();
        }
    }

    /// Connector, packed forward, loss, backward.
    @Benchmark public void gradients() {
        demo.dropGradients();
        try (Scope scope = Scope.open(device)) {
            demo.gradients(scope);
        }
    }

    /// Norm, clipping and AdamW over decoder and connector.
    @Benchmark public AdamW.Update optimizerStep() { return demo.optimizerStep(); }
}
