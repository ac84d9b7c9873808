package lucid.tokenizer.parity;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Merge;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.TokenizerJson;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Trains on the recorded corpus; merges, their counts, the written `tokenizer.json` and the encodings must be the recorded ones.
final class TrainingCase {
    private TrainingCase() {}

    static void run(CaseFile file) throws IOException {
        JsonNode root = file.root;
        BpeTrainer trainer = new BpeTrainer(file.need(root, "vocab_size").asInt(), file.need(root, "min_frequency").asInt(),
                file.strings(file.need(root, "special_tokens")));
        BpeTrainer.Trained trained = trainer.train(file.strings(file.need(root, "corpus")));
        Tokenizer tokenizer = trained.tokenizer();
        List<String> found = new ArrayList<>();
        for (Merge merge : tokenizer.model().merges()) {
            found.add(tokenizer.token(merge.left()) + " " + tokenizer.token(merge.right()) + " " + trained.mergeCounts().get(found.size()));
        }
        List<String> wanted = new ArrayList<>();
        for (JsonNode merge : file.need(root, "merges"))
            wanted.add(merge.path(0).asText() + " " + merge.path(1).asText() + " " + merge.path(2).asLong());
        file.compare("merges", found, wanted);
        file.row("merges");

        Path json = file.path.resolveSibling("tokenizer.json");
        if (!Files.exists(json))
            throw new IllegalArgumentException(json + ": missing; a training case holds the resulting tokenizer.json beside case.json");
        file.compare("bytes", new String(TokenizerJson.toBytes(tokenizer), StandardCharsets.UTF_8), Files.readString(json).stripTrailing());
        file.row("tokenizer.json written");
        Tokenizer read = TokenizerFiles.load(json);
        int number = 0;
        for (JsonNode vector : file.need(root, "vectors")) {
            String text = file.text(vector, "text");
            int[] ids = file.ints(file.need(vector, "ids"));
            file.compare("ids (trained)", tokenizer.encode(text), ids);
            file.compare("ids (tokenizer.json read)", read.encode(text), ids);
            file.compare("decoded", tokenizer.decode(ids, false), tokenizer.normalize(text));
            file.row("[" + number++ + "]");
        }
    }
}
