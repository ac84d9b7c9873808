package lucid.bench.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import lucid.grpo.cli.Subcommand;
import lucid.grpo.cli.device.ThreadCount;
import lucid.grpo.console.UsageException;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Runs one workload of `bench/peers` on Lucid. `compare.py` there starts it as `lucid peer`, beside the script of the same workload.
@Command(name = "peer", hidden = true, mixinStandardHelpOptions = true, sortOptions = false,
        description = "Lucid's side of bench/peers/compare.py: one line of JSON, the median and every repetition in seconds.")
public final class PeerRuns implements Subcommand {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Parameters(paramLabel = "WORKLOAD", description = "demo_step, layer_step, generate, trl_grpo, or with --model full_prefill and full_decode, as "
            + "in bench/peers.")
    private String workload;

    @Option(names = "--model", paramLabel = "DIR", description = "Checkpoint of a Qwen2 decoder (or of a TinyLLaVA-Video, whose decoder is taken), "
            + "for full_prefill and full_decode.")
    private Path model;

    @Option(names = "--repetitions", paramLabel = "N", defaultValue = "5", description = "Measured repetitions (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--warmup", paramLabel = "S", defaultValue = "20",
            description = "Seconds of repetitions before: a small model's step uses so many methods that HotSpot compiles them for that long "
            + "(default: ${DEFAULT-VALUE}).")
    private double warmup;

    @Option(names = "--threads", paramLabel = "N", converter = ThreadCount.class, defaultValue = "2",
            description = "Threads of Lucid (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--cpu", description = "CPU seconds of the one thread instead of time that passes, for a busy machine; needs --threads 1.")
    private boolean cpu;

    @Option(names = "--interactive", description = "One repetition, and one line, for every line on standard input.")
    private boolean interactive;

    @Spec private CommandSpec spec;

    @Override public Integer call() throws IOException {
        UsageException.atLeast("--repetitions", repetitions, 1);
        if (!(warmup >= 0)) throw new UsageException("--warmup: found " + warmup + ", wanted 0 or more");
        if (cpu && threads != 1) throw new UsageException("--cpu --threads " + threads + "; wanted --threads 1 with --cpu");
        PrintWriter out = spec.commandLine().getOut();
        try (Device device = new SimdDevice(threads); Workload work = open(device)) {
            long start = System.nanoTime();
            while ((System.nanoTime() - start) / 1e9 < warmup) work.run();
            if (interactive) takeTurns(work, out);
            else line(work, seconds(work, repetitions), out);
        }
        return 0;
    }

    private Workload open(Device device) {
        return switch (workload) {
            case "demo_step" -> new DemoTrainingStep(device);
            case "layer_step" -> new LayerStep(device);
            case "generate" -> new Generation(device, 16, 109, 8, 40);
            case "trl_grpo" -> new TextGrpoStep(device);
            case "full_prefill", "full_decode" -> {
                if (model == null) throw new UsageException(workload + " needs a checkpoint; wanted --model DIR");
                yield new FullText(device, model, workload.equals("full_decode"));
            }
            default -> throw new UsageException("workload '" + workload
                    + "'; wanted demo_step, layer_step, generate, trl_grpo, full_prefill or full_decode");
        };
    }

    private void takeTurns(Workload work, PrintWriter out) throws IOException {
        out.println("ready");
        out.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (in.readLine() != null) line(work, seconds(work, 1), out);
    }

    private double[] seconds(Workload work, int repetitions) {
        double[] all = new double[repetitions];
        for (int i = 0; i < repetitions; i++) {
            long start = nanos();
            work.run();
            all[i] = (nanos() - start) / 1e9;
        }
        return all;
    }

    private long nanos() { return cpu ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime(); }

    private void line(Workload work, double[] seconds, PrintWriter out) throws IOException {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        ObjectNode o = JSON.createObjectNode().put("workload", workload).put("engine", "lucid").put("threads", threads).put("tokens", work.tokens())
                .put("seconds", (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
        ArrayNode list = o.putArray("repetitions");
        for (double s : seconds) list.add(s);
        out.println(JSON.writeValueAsString(o));
        out.flush();
    }
}
