package lucid.grpo.cli.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.grpo.run.RunException;
import lucid.grpo.session.ModelFolder;
import lucid.nn.checkpoint.ModelOutline;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.Qwen2BaseTemplate;
import lucid.tokenizer.format.TokenizerFiles;

/// What `lucid model info` says about a model's tokenizer.
///
/// @param files   that it is read from; null: there is none, or the model only sees
/// @param refusal why it would be refused; null: it would not
record TokenizerInfo(String files, String refusal) {
    private static final String JSON = "tokenizer.json";
    private static final String NONE = "none; wanted beside the model to ask or train it (generate, chat and eval --benchmark take one from "
            + "elsewhere with --tokenizer DIR)";

    /// @param weights as [ModelFolder#resolve] gives it
    static TokenizerInfo of(Path weights, ModelOutline outline) {
        Path place = outline.architecture() instanceof ModelOutline.Vision ? null : ModelFolder.tokenizerPlace(weights).orElse(null);
        if (place == null) return new TokenizerInfo(null, null);
        String files = Files.exists(place.resolve(JSON)) ? place.resolve(JSON).toString() : place.resolve("vocab.json") + " + merges.txt";
        try {
            Tokenizer words = TokenizerFiles.load(place);
            switch (outline.architecture()) {
                case ModelOutline.Video(var c) -> {
                    ModelFolder.requireFits(words, weights, c.text().vocabSize());
                    // Its turns end with the end token.
                    new Qwen2BaseTemplate(words);
                }
                case ModelOutline.Text(var c) -> ModelFolder.requireFits(words, weights, c.vocabSize());
                case ModelOutline.Vision _ -> {}
            }
            return new TokenizerInfo(files, null);
        } catch (IllegalArgumentException | IllegalStateException | RunException | IOException e) {
            return new TokenizerInfo(files, e.getMessage());
        }
    }

    String line() { return files == null ? NONE : files; }
}
