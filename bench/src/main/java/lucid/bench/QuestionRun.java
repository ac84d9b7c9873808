package lucid.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import lucid.bench.BenchTable.Row;
import lucid.bench.phase.ModelWork;
import lucid.bench.probe.FmaPeak;
import lucid.grpo.ask.Assistant;
import lucid.grpo.ask.Question;
import lucid.grpo.ask.Reply;
import lucid.grpo.ask.Seen;
import lucid.grpo.cli.device.MemoryOption;
import lucid.grpo.cli.model.AnswerOptions;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.simd.work.Workers;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.model.Checkpoint;
import lucid.nn.model.ScoredRows;
import lucid.nn.model.WeightOrder;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lucid bench --model`: one question about a clip, asked once of a checkpoint as `lucid generate` asks it, in a fresh process, with the limits
/// probed in the same process. What the first pass costs (compiling, new memory, a file that is not in memory yet) is in its figures, because it is
/// in a user's.
public final class QuestionRun {
    private static final int PIECES = 100;
    private static final Path STATUS = Path.of("/proc/self/status");

    @Option(names = "--model", paramLabel = "DIR|ID", description = "Instead of kernels: one question about a clip, asked of this TinyLLaVA-Video "
            + "as `lucid generate` asks it, phase by phase beside the limits. Needs --video.")
    private Path model;

    @Option(names = "--video", paramLabel = "FILE", description = "The clip.")
    private Path video;

    @Mixin private AnswerOptions answer = new AnswerOptions(32, WeightOrder.READY);

    @Mixin private MemoryOption memory;

    /// Whether a model is to be asked.
    ///
    /// @throws UsageException options of a question without a model or a clip
    public boolean wanted() {
        if (model == null && (video != null || answer.given() || memory.given()))
            throw new UsageException("--video, --frames, --tokenizer, --weights, --max-tokens and --memory belong to a question; wanted --model DIR "
                    + "with them");
        if (model != null && video == null) throw new UsageException("--model without a clip; wanted --video FILE with it");
        // The speed is that of the tokens after the first.
        answer.check(2);
        return model != null;
    }

    /// Asks, and prints what has no limit; the table has the rest.
    public BenchTable run(int threads, PrintWriter out) {
        long start = System.nanoTime();
        try (Device device = new SimdDevice(threads); Workers workers = new Workers(threads);
             Assistant assistant = answer.open(device, model, video, null, memory.host(), Console.standard())) {
            double load = (System.nanoTime() - start) / 1e9;
            // And again at the end: a shared machine has its peak at one of them, if at all.
            double before = FmaPeak.gigaflops(workers, PIECES);
            Seen seen = answer.watch(assistant, video);
            Checkpoint checkpoint = assistant.checkpoint();
            // Weights that are copied while they answer give their pages back, and a loop over the file would bring them again: then it reads at the
            // end.
            TokenWeights beside = new TokenWeights(checkpoint, workers, checkpoint.readsPackedFile() || answer.weights() != WeightOrder.PACKED);
            Reply reply = assistant.ask(new Question("What happens in this clip?", Question.options(List.of("A=Something", "B=Nothing")),
                    Question.Style.REASON),
                    GenerationSettings.greedy(answer.tokens(), -1), beside, false);
            OptionalDouble resident = resident();
            double peak = Math.max(before, FmaPeak.gigaflops(workers, PIECES));
            out.printf(Locale.ROOT, "opened in %.1f s, first token %.1f s later (%.1f of them decoding the clip), %d tokens%s%n", load,
                    seen.seconds() + reply.firstToken(), seen.reading(),
                    reply.newTokens(), resident.isPresent() ? String.format(Locale.ROOT, "; most resident memory %.1f GB", resident.getAsDouble())
                            : "");
            return table(checkpoint, beside, seen, reply, peak);
        }
    }

    private BenchTable table(Checkpoint checkpoint, TokenWeights beside, Seen seen, Reply reply, double peak) {
        TinyLlavaConfig config = checkpoint.video().orElseThrow().config();
        List<Span> spans = List.of(Span.causal(0, seen.rows()));
        double vision = ModelWork.tower(config, seen.frames()).plus(ModelWork.connector(config, 1, seen.frames() * config.vision().patches()))
                .forward();
        double prompt = ModelWork.decoder(config.text(), seen.rows(), spans, ScoredRows.of(spans, RowGroups.single(seen.rows()), seen.rows() - 1),
                0).forward();
        List<Row> rows = new ArrayList<>();
        rows.add(arithmetic("vision", seen.frames() + " frames", seen.vision(), vision, peak));
        rows.add(arithmetic("prompt", seen.rows() + " rows", seen.prefill(), prompt, peak));
        rows.add(arithmetic("vision and prompt", "", seen.vision() + seen.prefill(), vision + prompt, peak));
        if (reply.perSecond() > 0) {
            rows.add(new Row("Question.decode", "weights="
                    + (checkpoint.readsPackedFile() ? "packed file" : answer.weights() == WeightOrder.PACKED ? "packed" : "as they lie"),
                    1e6 / reply.perSecond(), null, "GB/s", reply.perSecond() * beside.bytes() * 1e-9, beside.gigabytesPerSecond(), "memory", Map.of()));
        }
        return new BenchTable(rows);
    }

    private static Row arithmetic(String phase, String what, double seconds, double operations, double peak) {
        return new Row("Question." + phase, what, seconds * 1e6, null, "GFLOP/s", operations * 1e-9 / seconds, peak, "FMA", Map.of());
    }

    /// GB at most so far; only Linux tells.
    private static OptionalDouble resident() {
        if (!Files.exists(STATUS)) return OptionalDouble.empty();
        try (Stream<String> lines = Files.lines(STATUS)) {
            return lines.filter(l -> l.startsWith("VmHWM:")).mapToDouble(l -> Double.parseDouble(l.replaceAll("\\D", "")) * 1024e-9).findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(STATUS + " cannot be read", e);
        }
    }
}
