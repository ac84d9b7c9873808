package lucid.grpo.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import lucid.grpo.console.Console;
import lucid.grpo.console.MegabyteBar;
import lucid.grpo.session.ModelFolder;
import lucid.nn.checkpoint.CheckpointConversion;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFormat;
import lucid.nn.lora.LoraFile;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lucid convert`.
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Turns a checkpoint (safetensors or PyTorch .bin; one file, shards or TinyLLaVA's three folders) into another layout, format or type.",
        footer = {"", "Examples:", "  lucid convert TinyLLaVA-Video-R1 r1-f32 --dtype f32", "  lucid convert pretrained pretrained-folders --layout folders",
                "  lucid convert Qwen2.5-3B qwen-bin --format bin --layout sharded", "  lucid convert Qwen2.5-3B merged --merge-adapter my-lora"})
final class ConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "SRC", description = "Checkpoint folder, one weight file, or ORG/NAME[@REVISION] of the hub.")
    private Path source;

    @Parameters(index = "1", paramLabel = "DST", description = "Folder to be made; it appears when it is complete.")
    private Path target;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "bf16, f16 or f32 (default: as stored). Integer tensors keep their type.")
    private StoredType type;

    @Option(names = "--layout", paramLabel = "LAYOUT", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private CheckpointConversion.Layout layout = CheckpointConversion.Layout.SINGLE;

    @Option(names = "--format", paramLabel = "FORMAT", description = "${COMPLETION-CANDIDATES}: of the files to be written; bin as torch.save does, bin_legacy as it did before PyTorch 1.6: pickles without a zip around them (default: ${DEFAULT-VALUE}).")
    private WeightFormat format = WeightFormat.SAFETENSORS;

    @Option(names = "--max-shard-mb", paramLabel = "MB", description = "Largest shard of the sharded layout in 10^6 bytes (default: ${DEFAULT-VALUE}).")
    private long shardMegabytes = CheckpointConversion.Options.SHARD / 1_000_000;

    @ArgGroup private Adapter adapter;

    /// One of the two.
    private static final class Adapter {
        @Option(names = "--merge-adapter", paramLabel = "DIR", description = "A LoRA adapter (peft's layout) to add to the decoder's weights.")
        private Path merge;

        @Option(names = "--unmerge-adapter", paramLabel = "DIR", description = "One to take out of them again; exact up to the rounding of the weights' type.")
        private Path unmerge;

        CheckpointConversion.Adapter read() { return new CheckpointConversion.Adapter(LoraFile.read(merge != null ? merge : unmerge), merge != null); }
    }

    @Override public Integer call() {
        var options = new CheckpointConversion.Options(type, format, layout, Math.multiplyExact(shardMegabytes, 1_000_000L), adapter == null ? null : adapter.read());
        CheckpointConversion.Summary done;
        try (MegabyteBar bar = new MegabyteBar(Console.standard(), "convert MB")) {
            done = CheckpointConversion.convert(Files.exists(source) ? source : ModelFolder.resolve(source), target, options, bar::at);
        }
        System.out.printf(Locale.ROOT, "%s: %d tensors, %,d numbers, %,d bytes%n", target, done.tensors(), done.parameters(), done.bytes());
        if (!done.copied().isEmpty()) System.out.println("with them: " + String.join(", ", done.copied()));
        if (!done.leftOut().isEmpty()) System.out.println("left out:  " + String.join(", ", done.leftOut()));
        return 0;
    }
}
