package lucid.grpo.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.grpo.console.Json;
import lucid.grpo.console.UsageException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.session.ModelFolder;
import lucid.nn.checkpoint.CheckpointInfo;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.file.StoredType;
import lucid.nn.lora.LoraFile;
import lucid.nn.lora.LoraSpec;
import lucid.nn.memory.DeviceKind;
import lucid.nn.memory.MemoryPlan;
import lucid.nn.memory.MemoryPlans;
import lucid.nn.model.TinyLlavaVideo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid model info`.
@Command(name = "info", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Says what a model's folder holds, what is missing or unexpected, whether a packed file is there and read, and how much "
                + "memory work with it needs on a CPU and on a GPU. Of the weights only headers are read; a .bin file is read whole, to compare its "
                + "checksums.",
        footer = {"", "Exit status 1 if the weights are not those that config.json demands, or if something else keeps the model from being loaded "
                + "and asked. A missing tokenizer alone does not: it is said.", "Examples:", "  lucid model info runs/demo-1",
                "  lucid model info Zhang199/TinyLLaVA-Video-R1 --completions 4 --micro-batch 2"})
final class ModelInfoCommand implements Callable<Integer> {
    private static final int LISTED = 8;

    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "DIR|ID", description = "A model's folder, a run's (its newest checkpoint), or ORG/NAME[@REVISION] of the "
            + "hub.")
    private Path model;

    @Option(names = "--json", description = "Print JSON, all names in it.")
    private boolean json;

    @Option(names = "--frames", paramLabel = "N", description = "Plan with N frames a clip (default: ${DEFAULT-VALUE}).")
    private int frames = 16;

    @Option(names = "--new-tokens", paramLabel = "N", description = "Plan with answers of N tokens (default: ${DEFAULT-VALUE}).")
    private int newTokens = 512;

    @Option(names = "--samples", paramLabel = "N", description = "Plan SFT with N samples a step (default: ${DEFAULT-VALUE}).")
    private int samples = 4;

    @Option(names = "--prompts", paramLabel = "N", description = "Plan GRPO with N prompts a step (default: ${DEFAULT-VALUE}).")
    private int prompts = 8;

    @Option(names = "--completions", paramLabel = "N", description = "Plan GRPO with groups of N (default: ${DEFAULT-VALUE}).")
    private int completions = 8;

    @Option(names = "--micro-batch", paramLabel = "N", description = "Plan SFT with N samples and GRPO with N groups together in forward and "
            + "backward, as a stage's micro_batch (default: ${DEFAULT-VALUE}).")
    private int microBatch = 1;

    @Option(names = "--held-out", paramLabel = "N", description = "Plan SFT and GRPO with N held-out questions that are answered together, as train "
            + "does (default: none).")
    private int heldOut;

    @Option(names = "--lora", paramLabel = "R", description = "Plan SFT and GRPO of an adapter of rank R on all layers, the model staying as it is "
            + "stored (default: the model itself is trained).")
    private int lora;

    @Option(names = "--recompute", description = "Plan SFT and GRPO with blocks computed again in the backward. Runs do so by themselves where all "
            + "activations do not fit.")
    private boolean recompute;

    @Override public Integer call() {
        UsageException.atLeast("--frames", frames, 1);
        UsageException.atLeast("--new-tokens", newTokens, 1);
        UsageException.atLeast("--samples", samples, 1);
        UsageException.atLeast("--prompts", prompts, 1);
        UsageException.atLeast("--completions", completions, 2);
        UsageException.atLeast("--micro-batch", microBatch, 1);
        UsageException.atLeast("--held-out", heldOut, 0);
        UsageException.atLeast("--lora", lora, 0);
        Path place = folder();
        LoraFile adapter = LoraFile.isAdapter(place) ? LoraFile.read(place) : null;
        CheckpointInfo info = CheckpointInfo.examine(ModelFolder.base(place), adapter);
        Examined all = new Examined(info, TokenizerInfo.of(place, info.outline()), PackedInfo.of(info.folder()), adapter);
        Map<DeviceKind, List<MemoryPlan>> plans = new EnumMap<>(DeviceKind.class);
        for (DeviceKind device : DeviceKind.values()) plans.put(device, plans(info, new MemoryPlans(info.outline(), device)));
        PrintWriter out = spec.commandLine().getOut();
        if (json) out.println(toJson(all, plans).toPrettyString());
        else out.print((adapter == null ? "" : place + ": " + describe(adapter) + ", of the model\n") + toText(all, plans));
        out.flush();
        return all.isSound() ? 0 : 1;
    }

    /// What lies in the folder.
    ///
    /// @param adapter null: none was named
    private record Examined(CheckpointInfo info, TokenizerInfo words, PackedInfo packed, LoraFile adapter) {
        boolean isSound() { return info.isComplete() && refusals().isEmpty(); }

        List<String> refusals() {
            return Stream.concat(info.refusals().stream(), Stream.of(words.refusal(), packed.refusal()).filter(Objects::nonNull)).toList();
        }
    }

    // A folder with a configuration alone is described, too; a run's config.json is none.
    private Path folder() {
        boolean described = Files.exists(model.resolve("config.json")) && !LoraFile.isAdapter(model) && !RunFolder.isRun(model);
        return described ? model : ModelFolder.resolve(model);
    }

    private List<MemoryPlan> plans(CheckpointInfo info, MemoryPlans plans) {
        StoredType type = info.widest();
        int bytes = type == null ? 2 : Math.min(4, type.bytes());
        if (info.outline().architecture() instanceof ModelOutline.Vision) return List.of(plans.embedding(frames, bytes));
        List<MemoryPlan> out = new ArrayList<>();
        out.add(plans.answering(new MemoryPlans.Answering(frames, MemoryPlans.PROMPT_TOKENS, newTokens, bytes)));
        MemoryPlans.Trained trained = lora == 0 ? MemoryPlans.Trained.model(plans.sees() ? TinyLlavaVideo::decoderOrConnector : _ -> true)
                : new MemoryPlans.Trained(_ -> false, new LoraSpec(lora, lora, false, LoraSpec.TARGETS), bytes);
        List<MemoryPlan> training = List.of(plans.supervised(new MemoryPlans.Supervised(samples, microBatch, frames, MemoryPlans.PROMPT_TOKENS
                + MemoryPlans.ANSWER_TOKENS, trained, recompute)),
                plans.grpo(new MemoryPlans.Grpo(prompts, completions, newTokens, microBatch, frames, MemoryPlans.PROMPT_TOKENS, trained, true,
                        recompute)));
        boolean asked = heldOut > 0 && plans.sees();
        for (MemoryPlan p : training)
            out.add(asked ? plans.withEvaluation(p, new MemoryPlans.Evaluating(heldOut, frames, MemoryPlans.PROMPT_TOKENS, newTokens), trained) : p);
        return out;
    }

    private static String describe(LoraFile adapter) {
        return String.format(Locale.ROOT, "a LoRA adapter of rank %d (scale %s) on %s, %,d numbers", adapter.spec().r(), adapter.spec().scale(),
                String.join(", ", adapter.spec().targets()), numbers(adapter));
    }

    private static long numbers(LoraFile adapter) {
        return adapter.modules().values().stream().mapToLong(m -> (long) m.a().length + m.b().length).sum();
    }

    private static String toText(Examined all, Map<DeviceKind, List<MemoryPlan>> plans) {
        CheckpointInfo info = all.info();
        StringBuilder s = new StringBuilder();
        line(s, "%s: %s, %s", info.folder(), info.layout(), kind(info.outline()));
        line(s, "%-16s %15s %8s  %-22s %10s", "part", "parameters", "tensors", "stored as", "bytes");
        for (CheckpointInfo.Part p : info.parts())
            line(s, "%-16s %,15d %8d  %-22s %10s", p.name(), p.parameters(), p.tensors(), types(p.stored()), MemoryPlan.size(p.bytes()));
        line(s, "%-16s %,15d %8d  %-22s %10s", "all", info.parameters(), info.parts().stream().mapToInt(CheckpointInfo.Part::tensors).sum(), "",
                MemoryPlan.size(info.bytes()));
        if (!(info.outline().architecture() instanceof ModelOutline.Vision)) line(s, "tokenizer: %s", all.words().line());
        if (all.packed().file() != null) line(s, "packed: %s", all.packed().line());
        list(s, "missing", info.missing());
        list(s, "unexpected", info.unexpected());
        list(s, "other shape", info.mismatched().stream().map(CheckpointInfo.Mismatch::toString).toList());
        list(s, "not used", info.unused());
        list(s, "refused", all.refusals());
        info.notes().forEach(n -> line(s, "note: %s", n));
        line(s, !info.isComplete() ? "NOT complete: this model cannot be loaded" : !all.isSound()
                ? "NOT usable as it lies there: complete, but what is refused above stops it"
                : "complete: what config.json demands is there, and nothing unexpected");
        memory(s, plans);
        String only = only(info.outline());
        if (only != null) line(s, "%n%s", only);
        plans.forEach((device, list) -> list.forEach(plan -> s.append('\n').append("memory on ").append(name(device)).append(" for ")
                .append(plan.table())));
        return s.toString();
    }

    /// One line for each work, one column for each memory.
    private static void memory(StringBuilder s, Map<DeviceKind, List<MemoryPlan>> plans) {
        List<MemoryPlan> cpu = plans.get(DeviceKind.CPU);
        List<MemoryPlan> gpu = plans.get(DeviceKind.CUDA);
        line(s, "%n%-10s %12s %12s %18s", "memory for", "on a CPU", "on a GPU", "and its host");
        for (int i = 0; i < cpu.size(); i++)
            line(s, "%-10s %12s %12s %18s", cpu.get(i).name(), MemoryPlan.size(cpu.get(i).bytes()), MemoryPlan.size(gpu.get(i).bytes()),
                    MemoryPlan.size(gpu.get(i).bytesBeside()));
    }

    private static String name(DeviceKind device) { return device == DeviceKind.CPU ? "a CPU" : "a GPU"; }

    /// What of this is not to be had on the command line.
    private static String only(ModelOutline outline) {
        return switch (outline.architecture()) {
            case ModelOutline.Video _ -> null;
            case ModelOutline.Text _ -> "sft and grpo: what a step in code needs (lucid.nn); recipes train models that see clips, of which this may "
                    + "be the language model.";
            case ModelOutline.Vision _ -> "sft and grpo: a vision tower alone has nothing to say, so Lucid does not train it; it learns as a part "
                    + "of a TinyLLaVA-Video model.";
        };
    }

    private static String kind(ModelOutline outline) {
        return switch (outline.architecture()) {
            case ModelOutline.Video(var c) -> "TinyLLaVA-Video, " + c.vision().layers() + " + " + c.resampler().layers() + " + " + c.text().layers()
                    + " layers, a clip becomes " + c.resampler().tokens() + " tokens";
            case ModelOutline.Text(var c) -> "Qwen2, " + c.layers() + " layers";
            case ModelOutline.Vision(var c) -> "SigLIP vision tower, " + c.layers() + " layers";
        };
    }

    private static String types(Map<StoredType, Long> stored) {
        return stored.keySet().stream().map(t -> t.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(", "));
    }

    private static void line(StringBuilder s, String format, Object... values) {
        s.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }

    private static void list(StringBuilder s, String what, List<String> names) {
        if (names.isEmpty()) return;
        line(s, "%s: %d", what, names.size());
        names.stream().limit(LISTED).forEach(n -> line(s, "  %s", n));
        if (names.size() > LISTED) line(s, "  ... (--json lists all)");
    }

    private static ObjectNode toJson(Examined all, Map<DeviceKind, List<MemoryPlan>> plans) {
        CheckpointInfo info = all.info();
        LoraFile adapter = all.adapter();
        ObjectNode root = new ObjectNode(JsonNodeFactory.instance).put("folder", info.folder().toString()).put("model", kind(info.outline()))
                .put("layout", info.layout())
                .put("parameters", info.parameters()).put("bytes", info.bytes()).put("sound", all.isSound()).put("tokenizer", all.words().files());
        root.set("packed", all.packed().toJson());
        if (adapter != null)
            root.putObject("adapter").put("r", adapter.spec().r()).put("scale", adapter.spec().scale()).put("parameters", numbers(adapter))
                    .set("target_modules", Json.tree(adapter.spec().targets()));
        ArrayNode parts = root.putArray("parts");
        for (CheckpointInfo.Part p : info.parts()) {
            ObjectNode part = parts.addObject().put("name", p.name()).put("parameters", p.parameters()).put("tensors", p.tensors())
                    .put("bytes", p.bytes());
            ObjectNode types = part.putObject("numbers_by_type");
            p.stored().forEach((t, n) -> types.put(t.name().toLowerCase(Locale.ROOT), n));
        }
        root.set("missing", Json.tree(info.missing()));
        root.set("unexpected", Json.tree(info.unexpected()));
        root.set("refused", Json.tree(all.refusals()));
        root.set("notes", Json.tree(info.notes()));
        root.set("unused", Json.tree(info.unused()));
        ArrayNode mismatched = root.putArray("mismatched");
        for (CheckpointInfo.Mismatch m : info.mismatched())
            mismatched.addObject().put("name", m.name()).<ObjectNode>set("found", Json.tree(m.found())).set("wanted", Json.tree(m.wanted()));
        ArrayNode memory = root.putArray("memory");
        plans.forEach((device, list) -> list.forEach(plan -> {
            ObjectNode node = memory.addObject().put("device", device.name().toLowerCase(Locale.ROOT)).put("work", plan.work())
                    .put("bytes", plan.bytes());
            node.set("always", Json.tree(plan.always()));
            node.set("phases", Json.tree(plan.phases()));
            node.put("host_bytes", plan.bytesBeside()).set("host", Json.tree(plan.beside()));
        }));
        return root;
    }
}
