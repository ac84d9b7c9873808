package lucid.grpo.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import lucid.grpo.console.Console;
import lucid.grpo.console.Count;
import lucid.grpo.evaluation.BenchmarkRun.Missing;
import lucid.grpo.evaluation.BenchmarkRun.Outcome;
import lucid.grpo.run.Disk;
import lucid.grpo.run.HashChain;
import lucid.grpo.session.ModelFingerprint;
import lucid.kernels.Device;
import lucid.nn.disk.JsonText;
import lucid.tokenizer.Tokenizer;
import lucid.video.benchmark.Benchmark;
import lucid.video.benchmark.BenchmarkClips;
import lucid.video.benchmark.BenchmarkQuestion;

/// An evaluation from its settings to its results on disk: `settings.json`, `answers.jsonl`, `results.json`, `report.html`.
///
/// @param limit how many questions; 0: all
/// @param model what is asked, as the settings name it
/// @param words the tokenizer's hash: it may lie elsewhere than the model
/// @param bits  the device's [Device#arithmetic()]
public record BenchmarkEvaluation(Benchmark benchmark, List<BenchmarkQuestion> questions, int limit, Protocol protocol, Missing missing, String model,
        String words, String bits) {
    /// @param folder the model's; only its fingerprint is kept, and the tokenizer's hash
    public static BenchmarkEvaluation of(Benchmark benchmark, List<BenchmarkQuestion> all, int limit, Protocol protocol, Missing missing, Path folder,
            Tokenizer tokenizer,
                                         Device device) {
        return new BenchmarkEvaluation(benchmark, BenchmarkRun.some(all, limit), limit, protocol, missing, ModelFingerprint.of(folder),
                ModelFingerprint.of(tokenizer), device.arithmetic());
    }

    /// Everything that an answer depends on. Where clips and model lie is no part of it, and neither is what becomes of missing clips.
    public ObjectNode settings() {
        ObjectNode s = new ObjectMapper().createObjectNode();
        StringBuilder asked = new StringBuilder();
        for (BenchmarkQuestion q : questions) {
            asked.append(q.number()).append(' ').append(q.id()).append('\n').append(q.problem()).append('\n').append(q.choices()).append(q.answer())
                    .append(q.clip()).append(q.from()).append(q.to())
                    .append(q.video().getFileName()).append('\n');
        }
        s.put("benchmark", benchmark.name()).put("questions", questions.size()).put("limit", limit)
                .put("questions_sha256", HashChain.of(asked.toString())).put("model_fingerprint", model).put("tokenizer_sha256", words)
                .put("arithmetic", bits);
        s.set("protocol", protocol.toJson());
        return s;
    }

    /// Asks what is not answered yet and writes the results.
    ///
    /// @param size side of the model's pictures
    /// @param stop asked before every question: whether no more are wanted
    /// @return empty: it was stopped before the last question; the answers so far are kept, and the console hears how to go on
    public Optional<Scores> run(Path out, boolean resume, Asker asker, int size, Console console, BooleanSupplier stop) {
        BenchmarkRun.missing(questions, missing, protocol.control());
        if (missing == Missing.STOP) BenchmarkRun.refuseWhatIsNoClip(questions, console);
        ObjectNode settings = settings();
        try (AnswerLog log = AnswerLog.open(out, settings, resume, console::line)) {
            BenchmarkClips clips = new BenchmarkClips(protocol.frames(), protocol.bounds(), size);
            Outcome outcome = new BenchmarkRun(questions, protocol, clips, asker, console).run(log, missing, stop);
            long had = questions.stream().filter(outcome::has).count();
            if (had < questions.size()) {
                console.line("stopped after " + had + " of " + Count.of(questions.size(), "question") + "; the same command with --resume --out "
                        + out + " goes on from there");
                return Optional.empty();
            }
            Scores scores = Scores.of(benchmark, questions, outcome, missing);
            ObjectNode results = scores.toJson(settings);
            Disk.text(out.resolve("results.json"), JsonText.pretty(results));
            EvaluationPage.write(out, results, questions, outcome);
            return Optional.of(scores);
        }
    }
}
