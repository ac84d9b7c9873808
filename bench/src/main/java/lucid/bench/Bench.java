package lucid.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import lucid.bench.gpu.GpuBench;
import lucid.grpo.cli.Subcommand;
import lucid.grpo.cli.device.ThreadCount;
import lucid.grpo.console.Json;
import lucid.grpo.console.UsageException;
import lucid.grpo.run.Disk;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// The command behind `lucid bench`, which the command line below finds by its service entry.
@Command(name = "bench", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Measures kernels and phases beside their physical limit and their peers, in one run, and prints one table.",
        footer = {"", "Examples:", "  lucid bench                       # everything", "  lucid bench MatMul                # one family",
            "  lucid bench Attention.forward     # one kernel", "  lucid bench Decode -p rows=1,8 -p weights=BF16",
                    "  lucid bench Phase.rollout         # one phase of a GRPO step of the demo",
                    "  lucid bench --device cuda         # the kernels of a GPU", "  lucid bench --list",
            "  lucid bench --model DIR --video clip.mp4      # one question, phase by phase"})
public final class Bench implements Subcommand {
    @Parameters(arity = "0..1", defaultValue = "", paramLabel = "PATTERN",
            description = "Regular expression on Family.kernel, as --list prints them; capital letters or not; all if left out.")
    private String pattern;

    @Option(names = "--threads", paramLabel = "N", converter = ThreadCount.class,
            description = "Threads of Lucid, of the probes and of the peers (default: processors of this machine).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--forks", paramLabel = "N", defaultValue = "1", description = "Fresh processes per kernel; 0 runs all in this one, which is "
            + "quick and less exact (default: ${DEFAULT-VALUE}).")
    private int forks;

    @Option(names = "--iterations", paramLabel = "N", defaultValue = "5",
            description = "Measured iterations, after as many for warm-up (default: ${DEFAULT-VALUE}).")
    private int iterations;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "1", description = "Length of an iteration (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = {"-p", "--param"}, paramLabel = "NAME=V[,V...]", description = "Only these values of a parameter, say rows=1,8; any whole "
            + "numbers for one that has numbers. More than once for more parameters.")
    private List<String> parameters = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "Also saves the table as JSON.")
    private Path json;

    /// Where the kernels run that are measured.
    enum Where { CPU, CUDA, EMULATED }

    @Option(names = "--device", paramLabel = "KIND", defaultValue = "CPU",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). CUDA times the GPU's kernels beside the floors of an "
            + "H200; EMULATED runs the same at toy sizes, to see that it works.")
    private Where device;

    @Option(names = "--gpu", paramLabel = "N", defaultValue = "0", description = "Which GPU, with --device CUDA (default: ${DEFAULT-VALUE}).")
    private int gpu;

    @Option(names = "--list", description = "Prints the kernels that match and runs none.")
    private boolean list;

    @Mixin private QuestionRun question;

    @Spec private CommandSpec spec;

    @Override public Integer call() throws Exception {
        UsageException.atLeast("--forks", forks, 0);
        UsageException.atLeast("--iterations", iterations, 1);
        if (!(seconds > 0)) throw new UsageException("--seconds: found " + seconds + ", wanted more than 0");
        if (device != Where.CUDA) refuse(List.of("--gpu"), "--device " + device, "there is no GPU to choose");
        if (device != Where.CPU)
            refuse(List.of("--threads", "--forks", "--iterations", "--seconds", "--param"), "--device " + device,
                    "a GPU's kernels are timed in this process by events, until they have run long enough");
        if (json != null && !list) checkJson();
        PrintWriter out = spec.commandLine().getOut();
        Pattern wanted = wanted();
        if (question.wanted()) {
            if (!pattern.isEmpty())
                throw new UsageException("'" + pattern + "' with --model: kernels, or one question to a model; wanted one of them");
            refuse(List.of("--forks", "--iterations", "--seconds", "--param", "--list"), "--model", "a question is asked once, in this process");
            if (device != Where.CPU) refuse(List.of("--device"), "--model", "a question is asked of the CPU");
            BenchTable table = question.run(threads, out);
            out.print(table);
            out.flush();
            save(table);
            return 0;
        }
        if (device != Where.CPU) {
            GpuBench bench = new GpuBench(device == Where.CUDA ? () -> JCudaGpu.open(gpu) : EmulatedGpu::new, device == Where.EMULATED, out);
            if (list) bench.list(wanted);
            else save(bench.run(wanted));
            return 0;
        }
        Selection selection = Selection.of(wanted, OptionalPeers.open(forks) ? List.of() : List.of(OptionalPeers.METHODS), parameters);
        if (list) {
            selection.kernels().forEach(out::println);
            out.flush();
            return 0;
        }
        List<RunResult> results = new ArrayList<>();
        for (Options run : selection.runs(options())) results.addAll(new Runner(run).run());
        BenchTable table = BenchTable.of(results);
        out.println();
        out.print(table);
        out.println(threads + " threads; limits were probed in the same processes, before and after every iteration.");
        String missing = OptionalPeers.missing(table, forks);
        if (missing != null) out.println(missing);
        out.flush();
        save(table);
        return 0;
    }

    private Pattern wanted() {
        try {
            return Pattern.compile(pattern, Pattern.CASE_INSENSITIVE);
        } catch (PatternSyntaxException e) {
            throw new UsageException("PATTERN: found '" + pattern + "' (" + e.getDescription().toLowerCase(Locale.ROOT)
                    + "), wanted a regular expression on Family.kernel");
        }
    }

    private void refuse(List<String> options, String with, String why) {
        for (String option : options) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option))
                throw new UsageException(option + " with " + with + ": " + why + "; wanted no " + option);
        }
    }

    // Now, and not when hours of measuring are over.
    private void checkJson() {
        try {
            Path folder = Files.createDirectories(json.toAbsolutePath().getParent());
            Files.delete(Files.createTempFile(folder, ".lucid-bench", null));
            if (Files.isDirectory(json)) throw new FileAlreadyExistsException(json.toString(), null, "is a folder");
        } catch (IOException e) {
            throw new UncheckedIOException("--json " + json + ": " + IoReason.named(e) + "; wanted a file that can be written", e);
        }
    }

    private void save(Object table) throws IOException {
        if (json != null) Disk.text(json, JsonText.pretty(Json.tree(table)));
    }

    private Options options() {
        System.setProperty("lucid.bench.threads", Integer.toString(threads));
        TimeValue time = TimeValue.milliseconds(Math.max(1, Math.round(seconds * 1000)));
        return new OptionsBuilder().forks(forks).warmupIterations(iterations).measurementIterations(iterations)
                .warmupTime(time).measurementTime(time).shouldFailOnError(true).verbosity(VerboseMode.NORMAL)
                .jvmArgsAppend("-Dlucid.bench.threads=" + threads).build();
    }
}
