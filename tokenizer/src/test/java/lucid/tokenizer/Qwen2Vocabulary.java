package lucid.tokenizer;

import lucid.tokenizer.format.RankFile;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// The published Qwen2 vocabulary, from the resource of a library that is on the class path of the tests only.
public final class Qwen2Vocabulary {
    private static final class Holder {
        static final Tokenizer TOKENIZER = load();

        private static Tokenizer load() {
            try (InputStream in = Qwen2Vocabulary.class.getResourceAsStream("/qwen.tiktoken")) {
                return RankFile.readQwen2(in, "qwen.tiktoken");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Qwen2Vocabulary() {}

    public static Tokenizer tokenizer() {
        return Holder.TOKENIZER;
    }
}
