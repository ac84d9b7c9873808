package lucid.grpo.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import lucid.grpo.cli.device.ThreadCount;
import lucid.grpo.console.Console;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.nn.checkpoint.CheckpointConversion;
import lucid.nn.checkpoint.CheckpointInit;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.checkpoint.ModelTemplate;
import lucid.nn.config.ConfigFile;
import lucid.nn.disk.IoReason;
import lucid.nn.file.WeightFormat;
import lucid.nn.weights.Initialization;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.VocabMerges;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lucid init`.
@Command(name = "init", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a checkpoint with random weights in a published layout, of any size in little memory: the same seed gives the same "
                + "files.",
        footer = {"", "Examples:", "  # the published 3.6B, 7.3 GB in bf16", "  lucid init --config tinyllava-video-r1 --out full --seed 1",
                "  # a toy of the same architecture", "  lucid init --config tinyllava-video-tiny --out tiny --seed 1",
                "  lucid init --config full/config.json --out again --seed 2 --dtype f32 --layout folders"})
public final class InitCommand implements Callable<Integer> {
    /// How large the numbers are, see [Initialization].
    enum Scale { PUBLISHED, FAN_IN }

    @Spec private CommandSpec spec;

    @Option(names = "--config", required = true, paramLabel = "NAME|FILE|DIR",
            description = "A shipped configuration (tinyllava-video-r1, qwen2.5-3b, siglip-so400m-patch14-384, tinyllava-video-tiny), a config.json "
                    + "or its folder, or a recipe.")
    private String config;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to be made; it appears when it is complete.")
    private Path out;

    @Option(names = "--seed", required = true, paramLabel = "N", description = "Every number is a function of it, of its tensor's name and of its "
            + "place.")
    private long seed;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private FloatingType type = FloatingType.BF16;

    @Option(names = "--layout", paramLabel = "LAYOUT", description = "${COMPLETION-CANDIDATES} (default: one file, shards above 5 GB, as "
            + "transformers saves).")
    private CheckpointConversion.Layout layout;

    @Option(names = "--format", paramLabel = "FORMAT", description = "${COMPLETION-CANDIDATES}: as for convert (default: ${DEFAULT-VALUE}). The "
            + "numbers are the same.")
    private WeightFormat format = WeightFormat.SAFETENSORS;

    @Option(names = "--scale", paramLabel = "SCALE", description = "${COMPLETION-CANDIDATES}: standard deviation 0.02 as the published code starts, "
            + "or 1/sqrt(inputs) (default: ${DEFAULT-VALUE}).")
    private Scale scale = Scale.PUBLISHED;

    @Option(names = "--tokenizer", paramLabel = "FILE|DIR", description = "A tokenizer to write beside the weights (tokenizer.json, *.tiktoken or a "
            + "folder).")
    private Path tokenizer;

    @Option(names = "--threads", paramLabel = "N", converter = ThreadCount.class,
            description = "Threads (default: all processors). Changes speed, never a bit.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Override public Integer call() {
        ModelTemplate template = template();
        ModelOutline outline = ModelOutline.of(template.config());
        Tokenizer words = tokenizer == null ? null : load(tokenizer, outline);
        var options = new CheckpointInit.Options(seed, type.stored(), format, layout, CheckpointConversion.Options.SHARD,
                initialization(outline), threads);
        Optional<CheckpointInit.Summary> written = Writing.run("init MB", out,
                bar -> CheckpointInit.write(template, out, options, bar::at, words == null ? null : folder -> VocabMerges.write(words, folder)));
        if (written.isEmpty()) return 130;
        CheckpointInit.Summary done = written.get();
        PrintWriter text = spec.commandLine().getOut();
        text.printf(Locale.ROOT, "%s: %d tensors, %,d numbers, %,d bytes%n", out, done.tensors(), done.parameters(), done.bytes());
        text.println("files: " + String.join(", ", done.files()));
        if (words == null && !template.files().containsKey("vocab.json") && !template.files().containsKey("tokenizer.json")
                && !(outline.architecture() instanceof ModelOutline.Vision)) {
            text.println("no vocabulary: a published one comes with --tokenizer, or put vocab.json and merges.txt beside the weights");
        }
        return 0;
    }

    private ModelTemplate template() {
        String name = config.replaceFirst("^recipes/", "").replaceFirst("\\.json$", "");
        boolean file = Files.exists(Path.of(config));
        if (!file && ModelTemplate.SHIPPED.contains(name)) return ModelTemplate.shipped(name);
        if (file && (Files.isDirectory(Path.of(config)) || ConfigFile.read(Path.of(config)).json().has("model_type")))
            return ModelTemplate.read(Path.of(config));
        if (!file && !RecipeReader.SHIPPED.contains(name)) {
            throw new IllegalArgumentException("init: --config " + config + " is no file, no shipped configuration ("
                    + String.join(", ", ModelTemplate.SHIPPED)
                    + ") and no shipped recipe (" + String.join(", ", RecipeReader.SHIPPED) + ")");
        }
        Recipe recipe = RecipeReader.read(file ? config : name);
        if (recipe.model() instanceof ObjectNode model) return ModelTemplate.of(new ConfigFile(recipe.origin() + ", model", model));
        String published = ModelTemplate.SHIPPED.getFirst();
        // A file may have kept the name of the recipe that it was made of, and have data of another size.
        if (file || !recipe.name().startsWith(published)) {
            throw new IllegalArgumentException("init: " + recipe.origin() + " has no model of its own; name a configuration ("
                    + String.join(", ", ModelTemplate.SHIPPED) + ") or a config.json");
        }
        Console.standard().line("recipe " + recipe.name() + " starts from a checkpoint; taking the configuration that it was published for, "
                + published);
        return ModelTemplate.shipped(published);
    }

    private Initialization initialization(ModelOutline outline) {
        if (scale == Scale.PUBLISHED) return Initialization.PUBLISHED;
        return switch (outline.architecture()) {
            case ModelOutline.Video(var c) -> Initialization.fanIn(c.text().layers(), c.vision().layers());
            case ModelOutline.Text(var c) -> Initialization.fanIn(c.layers(), 1);
            case ModelOutline.Vision(var c) -> Initialization.fanIn(1, c.layers());
        };
    }

    private static Tokenizer load(Path path, ModelOutline outline) {
        Tokenizer words;
        try {
            words = TokenizerFiles.load(path);
        } catch (IOException e) {
            throw new UncheckedIOException("tokenizer " + path + ": " + IoReason.named(e), e);
        }
        int rows = switch (outline.architecture()) {
            case ModelOutline.Video(var c) -> c.text().vocabSize();
            case ModelOutline.Text(var c) -> c.vocabSize();
            case ModelOutline.Vision _ -> throw new IllegalArgumentException("init: --tokenizer for a vision tower, which reads no text");
        };
        if (words.vocabSize() > rows)
            throw new IllegalArgumentException("init: tokenizer " + path + " has " + words.vocabSize() + " tokens, wanted at most the model's " + rows
                    + " (vocab_size)");
        return words;
    }
}
