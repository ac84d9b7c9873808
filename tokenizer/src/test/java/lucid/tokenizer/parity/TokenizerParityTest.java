package lucid.tokenizer.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Qwen2Vocabulary;
import lucid.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class TokenizerParityTest {
    private static Path golden(String name) {
        try {
            return Path.of(TokenizerParityTest.class.getResource("/golden/tokenizer/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"qwen2_vectors.json.gz,VECTORS,2016", "qwen2_stream.json.gz,STREAM,376", "regex_classes.json,CLASSES,3", "bpe_train_400,TRAINING,88",
        "bpe_train_300_exhausted,TRAINING,55", "qwen2_base_template.json,TEMPLATE,76"})
    void everyRowIsMet(String name, TokenizerParity.Kind kind, int rows) throws IOException {
        assertEquals(Optional.of(kind), TokenizerParity.recognise(golden(name)));
        List<ParityRow> found = TokenizerParity.run(golden(name), Optional.of(Qwen2Vocabulary.tokenizer()));
        assertEquals(List.of(), found.stream().filter(row -> !row.ok()).limit(5).toList());
        assertEquals(rows, found.size());
    }

    @Test
    void aFolderOfCasesIsRunWhole() throws IOException {
        assertEquals(2016 + 376 + 3 + 88 + 55 + 76, TokenizerParity.run(golden("regex_classes.json").getParent(),
                Optional.of(Qwen2Vocabulary.tokenizer())).size());
    }

    @Test
    void anotherVocabularyFailsAndSaysWhere() throws IOException {
        Tokenizer other = new BpeTrainer(300, 1, List.of("<|endoftext|>")).train(List.of("the cat the dog")).tokenizer();
        List<ParityRow> rows = TokenizerParity.run(golden("qwen2_base_template.json"), Optional.of(other));
        ParityRow bad = rows.stream().filter(row -> row.name().contains("generate[0]")).findFirst().orElseThrow();
        assertFalse(bad.ok());
        assertTrue(bad.message().contains("ids differ at 0") && bad.message().contains("wanted [32, 6236"), bad.message());
    }

    @Test
    void refusesWhatItCannotCheck(@TempDir Path folder) throws IOException {
        String needs = assertThrows(IllegalArgumentException.class, () -> TokenizerParity.run(golden("qwen2_vectors.json.gz"), Optional.empty()))
                .getMessage();
        assertTrue(needs.contains("--tokenizer"), needs);
        Path other = Files.writeString(folder.resolve("rewards.json"), "{\"rewards\":[1]}");
        assertEquals(Optional.empty(), TokenizerParity.recognise(other));
        String refusal = assertThrows(IllegalArgumentException.class, () -> TokenizerParity.run(folder, Optional.empty())).getMessage();
        assertTrue(refusal.contains("rewards.json") && refusal.contains("not a tokenizer case") && refusal.contains("[rewards]"), refusal);
        Files.writeString(other, "{\"letter\":");
        assertThrows(IllegalArgumentException.class, () -> TokenizerParity.run(other, Optional.empty()));
        Files.writeString(other, "{\"kind\":\"bpe_training\"}");
        String missing = assertThrows(IllegalArgumentException.class, () -> TokenizerParity.run(other, Optional.empty())).getMessage();
        assertTrue(missing.contains("vocab_size"), missing);
    }
}
