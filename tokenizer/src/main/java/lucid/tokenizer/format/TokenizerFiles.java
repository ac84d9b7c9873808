package lucid.tokenizer.format;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Loads a tokenizer from whatever a user has: a Hugging Face folder, a `tokenizer.json`, or a `*.tiktoken` rank file.
public final class TokenizerFiles {
    private TokenizerFiles() {}

    /// Loads `path`. In a folder, `tokenizer.json` goes before `vocab.json` + `merges.txt`.
    ///
    /// The end token is `eos_token` of a `tokenizer_config.json` beside it, else `<|endoftext|>` where the vocabulary has it, else none. `vocab.json`
    /// + `merges.txt` have the one of [VocabMerges#read].
    public static Tokenizer load(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            if (Files.exists(path.resolve("tokenizer.json"))) return load(path.resolve("tokenizer.json"));
            if (Files.exists(path.resolve("vocab.json")) && Files.exists(path.resolve("merges.txt"))) return VocabMerges.read(path);
            throw new TokenizerFormatException(path + ": no tokenizer here; wanted tokenizer.json, or vocab.json with merges.txt");
        }
        if (!Files.exists(path)) throw new NoSuchFileException(path.toString(), null, "no such tokenizer file or folder");
        if (path.getFileName().toString().endsWith(".tiktoken")) return RankFile.readQwen2(path);
        if (path.getFileName().toString().endsWith(".json")) return withEos(path.toAbsolutePath().getParent(), eos -> TokenizerJson.read(path, eos));
        throw new TokenizerFormatException(path + ": unknown kind of tokenizer file; wanted tokenizer.json, *.tiktoken or a folder");
    }

    private interface Reader {
        Tokenizer read(String eos) throws IOException;
    }

    private static Tokenizer withEos(Path folder, Reader reader) throws IOException {
        String named = configuredEos(folder.resolve("tokenizer_config.json"));
        if (named != null) return reader.read(named);
        Tokenizer plain = reader.read(null);
        return plain.addedId(SpecialTokens.DEFAULT).isEmpty() ? plain
                : new Tokenizer(plain.model(), plain.added(), plain.nfc(), SpecialTokens.DEFAULT);
    }

    private static String configuredEos(Path config) throws IOException {
        if (!Files.exists(config)) return null;
        JsonFile file = JsonFile.read(config);
        // transformers follows them whatever tokenizer.json says.
        VocabMerges.refuseFlags(file);
        if (JsonFile.absent(file.root(), "eos_token")) return null;
        JsonNode eos = file.root().get("eos_token");
        JsonNode content = eos.isObject() ? eos.path("content") : eos;
        if (!content.isTextual()) throw file.wrong("eos_token", "a string, or an object with a string 'content'", eos);
        return content.asText();
    }
}
