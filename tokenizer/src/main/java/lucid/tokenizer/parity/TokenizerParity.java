package lucid.tokenizer.parity;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Replays tokenizer cases of any kind, told apart by their content.
public final class TokenizerParity {

    /// What a case may be about.
    public enum Kind {
        /// Texts with ids, pieces and decodings.
        VECTORS(true),
        /// Id sequences with what a streaming decoder emits.
        STREAM(true),
        /// Code points of `\p{L}`, `\p{N}`, `\s`.
        CLASSES(false),
        /// A corpus and the vocabulary trained on it.
        TRAINING(false),
        /// Prompts, ids and labels of the chat templates.
        TEMPLATE(true);

        private final boolean needsVocabulary;

        Kind(boolean needsVocabulary) {
            this.needsVocabulary = needsVocabulary;
        }

        /// Whether it can only be replayed with the vocabulary it was recorded with.
        public boolean needsVocabulary() {
            return needsVocabulary;
        }
    }

    private TokenizerParity() {}

    /// What kind of tokenizer case `path` is; empty when it is none. A folder is one when it holds a `case.json` that is.
    public static Optional<Kind> recognise(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve("case.json") : path;
        if (!Files.isRegularFile(file) || !isJson(file)) return Optional.empty();
        return kind(CaseFile.read(file).root);
    }

    /// Replays a case file, a case folder, or a folder of them.
    ///
    /// @param tokenizer the vocabulary the case was recorded with, where [Kind#needsVocabulary]
    /// @throws IllegalArgumentException when something is no tokenizer case, or lacks the tokenizer it needs
    public static List<ParityRow> run(Path path, Optional<Tokenizer> tokenizer) throws IOException {
        if (!Files.isDirectory(path)) return runFile(path, tokenizer);
        if (Files.exists(path.resolve("case.json"))) return runFile(path.resolve("case.json"), tokenizer);
        List<Path> inside;
        try (Stream<Path> list = Files.list(path)) {
            inside = list.filter(p -> Files.isDirectory(p) || isJson(p)).sorted().toList();
        }
        if (inside.isEmpty()) throw new IllegalArgumentException(path + ": no case.json, *.json or *.json.gz in this folder");
        List<ParityRow> rows = new ArrayList<>();
        for (Path one : inside) rows.addAll(run(one, tokenizer));
        return List.copyOf(rows);
    }

    private static boolean isJson(Path path) {
        return path.toString().endsWith(".json") || path.toString().endsWith(".json.gz");
    }

    private static List<ParityRow> runFile(Path path, Optional<Tokenizer> tokenizer) throws IOException {
        CaseFile file = CaseFile.read(path);
        List<String> names = new ArrayList<>();
        file.root.fieldNames().forEachRemaining(names::add);
        Kind kind = kind(file.root).orElseThrow(() -> new IllegalArgumentException(path
            + ": not a tokenizer case; found the fields " + names + ", wanted vectors (with pieces or stream), letter/number/space, "
                    + "generate/train/pretrain, or kind bpe_training"));
        if (kind.needsVocabulary && tokenizer.isEmpty()) {
            throw new IllegalArgumentException(path + ": this case (" + kind
                    + ") needs the vocabulary it was recorded with; give a tokenizer folder, tokenizer.json or qwen.tiktoken (--tokenizer)");
        }
        switch (kind) {
            case VECTORS -> eachVector(file, tokenizer.orElseThrow(), VectorCases::encode);
            case STREAM -> eachVector(file, tokenizer.orElseThrow(), VectorCases::stream);
            case CLASSES -> VectorCases.classes(file);
            case TRAINING -> TrainingCase.run(file);
            case TEMPLATE -> new TemplateCase(file, tokenizer.orElseThrow()).run();
        }
        return file.rows();
    }

    private static Optional<Kind> kind(JsonNode root) {
        JsonNode first = root.path("vectors").path(0);
        if ("bpe_training".equals(root.path("kind").asText())) return Optional.of(Kind.TRAINING);
        if (first.has("pieces")) return Optional.of(Kind.VECTORS);
        if (first.has("stream") && first.has("prefix_decoded")) return Optional.of(Kind.STREAM);
        if (root.has("letter") && root.has("number") && root.has("space")) return Optional.of(Kind.CLASSES);
        if (root.has("generate") && root.has("train") && root.has("pretrain")) return Optional.of(Kind.TEMPLATE);
        return Optional.empty();
    }

    private static void eachVector(CaseFile file, Tokenizer tokenizer, VectorCases.Check check) {
        int number = 0;
        for (JsonNode vector : file.need(file.root, "vectors")) {
            String name = "[" + number++ + "] " + vector.path("cat").asText();
            check.run(file, vector, tokenizer);
            file.row(name.strip());
        }
    }
}
