package lucid.grpo.cli.model;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import lucid.grpo.console.UsageException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.session.ModelFolder;
import lucid.nn.checkpoint.CheckpointConversion;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;
import lucid.nn.lora.LoraFile;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid convert`.
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Turns a checkpoint (safetensors or PyTorch .bin; one file, shards or TinyLLaVA's three folders) into another layout, format "
                + "or type.",
        footer = {"", "Examples:", "  lucid convert Zhang199/TinyLLaVA-Video-R1 r1-f32 --dtype f32",
                "  lucid convert pretrained pretrained-folders --layout folders",
                "  lucid convert runs/demo-1 demo-model", "  lucid convert Qwen/Qwen2.5-3B qwen-bin --format bin --layout sharded",
                        "  lucid convert Qwen/Qwen2.5-3B merged --merge-adapter my-lora"})
public final class ConvertCommand implements Callable<Integer> {
    private static final long USUAL_MEGABYTES = CheckpointConversion.Options.SHARD / 1_000_000;
    private static final long MAX_MEGABYTES = 1_000_000_000;

    @Parameters(index = "0", paramLabel = "SRC", description = "A model's folder, a run's (its newest checkpoint, with the run's tokenizer), one "
            + "weight file, or ORG/NAME[@REVISION] of the hub.")
    private Path source;

    @Parameters(index = "1", paramLabel = "DST", description = "Folder to be made; it appears when it is complete.")
    private Path target;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "${COMPLETION-CANDIDATES} (default: as stored). Integer tensors keep their type.")
    private FloatingType type;

    @Option(names = "--layout", paramLabel = "LAYOUT", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private CheckpointConversion.Layout layout = CheckpointConversion.Layout.SINGLE;

    @Option(names = "--format", paramLabel = "FORMAT", description = "${COMPLETION-CANDIDATES}: of the files to be written; bin as torch.save does, "
            + "bin_legacy as it did before PyTorch 1.6: pickles without a zip around them (default: ${DEFAULT-VALUE}).")
    private WeightFormat format = WeightFormat.SAFETENSORS;

    @Option(names = "--max-shard-mb", paramLabel = "MB", description = "Largest shard of the sharded layout in 10^6 bytes (default: "
            + USUAL_MEGABYTES + ").")
    private Long shardMegabytes;

    @ArgGroup private Adapter adapter;

    @Spec private CommandSpec spec;

    /// One of the two.
    private static final class Adapter {
        @Option(names = "--merge-adapter", paramLabel = "DIR", description = "A LoRA adapter (peft's layout), or the run that trained it, to add to "
                + "the decoder's weights.")
        private Path merge;

        @Option(names = "--unmerge-adapter", paramLabel = "DIR", description = "One to take out of them again; exact up to the rounding of the "
                + "weights' type.")
        private Path unmerge;

        CheckpointConversion.Adapter read() {
            String option = merge != null ? "--merge-adapter" : "--unmerge-adapter";
            Path named = merge != null ? merge : unmerge;
            Path folder = LoraFile.isAdapter(named) ? named : RunFolder.latest(named).orElse(named);
            if (!LoraFile.isAdapter(folder))
                throw new IllegalArgumentException(option + " " + folder + ": found no " + LoraFile.CONFIG
                        + " there, wanted the folder of a LoRA adapter (" + LoraFile.CONFIG + " and " + LoraFile.WEIGHTS + ")");
            return new CheckpointConversion.Adapter(LoraFile.read(folder), merge != null);
        }
    }

    @Override public Integer call() {
        long megabytes = shardMegabytes == null ? USUAL_MEGABYTES : shardMegabytes;
        UsageException.require("--max-shard-mb", megabytes, megabytes >= 1 && megabytes <= MAX_MEGABYTES, "1 to " + MAX_MEGABYTES);
        if (shardMegabytes != null && layout != CheckpointConversion.Layout.SHARDED)
            throw new UsageException("--max-shard-mb with --layout " + layout + ": there are no shards; wanted --layout SHARDED with it");
        Path from = from();
        var options = new CheckpointConversion.Options(type == null ? null : type.stored(), format, layout, megabytes * 1_000_000,
                adapter == null ? null : adapter.read(), ModelFolder.runTokenizer(from), ModelFolder.runState(from));
        Optional<CheckpointConversion.Summary> written = Writing.run("convert MB", target,
                bar -> CheckpointConversion.convert(from, target, options, bar::at));
        if (written.isEmpty()) return 130;
        CheckpointConversion.Summary done = written.get();
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%s: %d tensors, %,d numbers, %,d bytes%n", target, done.tensors(), done.parameters(), done.bytes());
        if (!done.copied().isEmpty()) out.println("with them: " + String.join(", ", done.copied()));
        if (!done.leftOut().isEmpty()) out.println("left out:  " + String.join(", ", done.leftOut()));
        return 0;
    }

    private Path from() {
        if (Files.isRegularFile(source)) return source;
        Path from = ModelFolder.resolve(source);
        if (WeightFiles.isCheckpoint(from)) return from;
        throw new IllegalArgumentException(from + ": found a LoRA adapter, wanted a whole model (lucid convert MODEL " + target + " --merge-adapter "
                + from + " makes one of adapter and model)");
    }
}
