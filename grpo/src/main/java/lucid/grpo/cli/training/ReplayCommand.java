package lucid.grpo.cli.training;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import lucid.grpo.cli.device.DeviceOption;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.run.RunData;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunReader;
import lucid.grpo.session.MemoryCheck;
import lucid.grpo.session.Session;
import lucid.kernels.Device;
import lucid.nn.memory.MemoryLimit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid replay`.
@Command(name = "replay", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Does steps of a run again, finished or not, and checks that each ends on the hash in its metrics.jsonl.",
                "It begins at the newest checkpoint before the step (a finished stage keeps its last one only) or at the run's beginning. The run's "
                        + "folder is only read."},
        footer = {"", "Exit status: 0 every hash was met; 1 one was not: the first such step is named, with the metrics that differ.", "",
                "Examples:", "  lucid replay runs/demo-1 --step 1909", "  lucid replay runs/demo-1 --step 1909 --to 1920 --threads 4",
                "  lucid replay runs/demo-1 --step 1909 --out runs/again  # keeps it for inspect:",
                "  lucid inspect runs/again --step 1909 --prompt 3 --completion 5",
                "  lucid replay runs/nextqa --step 40 --model MODEL  # a run begun from a model"})
public final class ReplayCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private DeviceOption device;

    @Parameters(paramLabel = "RUN", description = "The run folder.")
    private Path run;

    @Option(names = "--step", required = true, paramLabel = "N", description = "Step of the whole run, as metrics.jsonl counts.")
    private long step;

    @Option(names = "--to", paramLabel = "M", description = "Go on to this step (default: --step).")
    private Long to;

    @Option(names = "--out", paramLabel = "DIR", description = "Keep metrics, rollouts and ledger of the replayed steps in this new folder.")
    private Path out;

    @Option(names = "--data", paramLabel = "DIR", description = "Where the clips lie (default: where the run had them): the data set's folder, or "
            + "what was the run's --data.")
    private Path data;

    @Option(names = "--model", paramLabel = "DIR|ID", description = "The model that the run began from, if it did: a folder, a run's, or "
            + "ORG/NAME[@REVISION] of the hub.")
    private Path model;

    @Override public Integer call() throws IOException {
        long last = to == null ? step : to;
        UsageException.atLeast("--step", step, 1);
        if (last < step) throw new UsageException("--to " + last + " is before --step " + step);
        Console console = Console.standard();
        RunReader recorded = new RunReader(run, console::line);
        JsonNode again = recorded.config().path("replay_of");
        if (!again.isMissingNode()) throw new RunException(run + " holds steps that were replayed, of " + again.asText() + "; replay that run");
        Replay replay = new Replay(recorded, step, last, console);
        Recipe recipe = replay.recipe();
        // A replay makes no clips.
        Path clips = RunData.of(recorded, data).require();
        check(recorded, clips);
        MemoryLimit limit = device.memory();
        var fit = new AtomicReference<>(MemoryCheck.replaying(recipe, model, limit, console));
        try (Device d = device.open()) {
            console.line(d.description());
            try (Session session = Session.open(recipe, d, device.threads(), clips, model, null,
                    known -> fit.set(MemoryCheck.replaying(fit.get(), recipe, model, known, limit, console)), console)) {
                fit.get().of(session.policy());
                Optional<String> met = replay.run(session, out);
                met.ifPresent(spec.commandLine().getOut()::println);
                return met.isPresent() ? 0 : 130;
            }
        }
    }

    private void check(RunReader recorded, Path clips) {
        String began = recorded.config().path("base_fingerprint").asText(null);
        if (began != null && model == null)
            throw new UsageException(run + " began from a model (base_fingerprint " + began + "); name it with --model DIR");
        if (out == null) return;
        if (out.toAbsolutePath().normalize().startsWith(run.toAbsolutePath().normalize()))
            throw new UsageException("--out " + out + " lies in the run's own folder, which is only read; wanted another place");
        RunFolder.check(out, clips);
        if (Files.exists(out.resolve("config.json")))
            throw new RunException(out + " holds a run already; wanted a new or empty folder, use another --out");
    }
}
