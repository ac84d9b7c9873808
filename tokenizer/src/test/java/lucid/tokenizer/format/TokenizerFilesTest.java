package lucid.tokenizer.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.tokenizer.AddedToken;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Qwen2Vocabulary;
import lucid.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class TokenizerFilesTest {
    private static final String TEXT = "Hello world, it's 2026!\n\n  <|im_start|>user<tool_call> 中文 🙂 e\u0301 <|file_sep|>";

    @TempDir
    Path folder;

    private static Tokenizer small() {
        return new BpeTrainer(300, 1, List.of("<|endoftext|>", "<|im_end|>")).train(List.of("the cat sat on the mat", "the hat")).tokenizer();
    }

    private static void assertSame(Tokenizer wanted, Tokenizer found) {
        assertEquals(wanted.added(), found.added());
        assertEquals(wanted.vocabSize(), found.vocabSize());
        assertEquals(wanted.eos(), found.eos());
        assertEquals(wanted.model().merges(), found.model().merges());
        assertArrayEquals(wanted.encode(TEXT), found.encode(TEXT));
    }

    @Test
    void thePublishedVocabularyTravelsThroughEveryFormat() throws IOException {
        Tokenizer qwen = Qwen2Vocabulary.tokenizer();
        VocabMerges.write(qwen, folder.resolve("old"));
        assertSame(qwen, TokenizerFiles.load(folder.resolve("old")));
        // The published vocab.json has 3,383,407 bytes: indented by two, so four more per entry, and two line ends behind the last.
        assertEquals(3_383_407 - 4 * 151_643 - 2, Files.size(folder.resolve("old/vocab.json")));
        TokenizerJson.write(qwen, folder.resolve("tokenizer.json"));
        assertSame(qwen, TokenizerFiles.load(folder));
        try (InputStream in = getClass().getResourceAsStream("/qwen.tiktoken")) {
            Files.copy(in, folder.resolve("qwen.tiktoken"));
        }
        assertSame(qwen, TokenizerFiles.load(folder.resolve("qwen.tiktoken")));
    }

    @Test
    void endTokenComesFromTheConfiguration() throws IOException {
        TokenizerJson.write(small(), folder.resolve("tokenizer.json"));
        assertEquals("<|endoftext|>", TokenizerFiles.load(folder).eos());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":{\"content\":\"<|im_end|>\"}}");
        assertEquals(1, TokenizerFiles.load(folder).eosId());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":7}");
        assertMessage(folder, "tokenizer_config.json", "'eos_token'", "7");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":\"</s>\"}");
        assertMessage(folder, "</s>", "not among the added tokens");
    }

    /// transformers 5 obeys them beside a `tokenizer.json` too, and gives other ids.
    @ParameterizedTest
    @ValueSource(strings = {"add_prefix_space", "split_special_tokens"})
    void whatTheConfigurationAsksForBesideTokenizerJsonIsNotPassedOver(String flag) throws IOException {
        TokenizerJson.write(small(), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"" + flag + "\":false}");
        assertEquals("<|endoftext|>", TokenizerFiles.load(folder).eos());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"" + flag + "\":true}");
        assertMessage(folder, "tokenizer_config.json", "'" + flag + "'", "found true, wanted false");
    }

    @Test
    void addedTokensComeFromTheFilesThatNameThem() throws IOException {
        Tokenizer small = small();
        VocabMerges.write(small, folder);
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.writeString(folder.resolve("special_tokens_map.json"),
                "{\"eos_token\":{\"content\":\"<|endoftext|>\"},\"additional_special_tokens\":[]}");
        Tokenizer read = TokenizerFiles.load(folder);
        assertEquals(List.of(true, false), List.of(read.isSpecial(0), read.isSpecial(1)));
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<|endoftext|>\":0,\"cat\":1}");
        assertMessage(folder, "added token 'cat'", "id 1");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + small.token(small.model().merges().getFirst().left()) + " "
            + small.token(small.model().merges().getFirst().right()) + "\nth e x\n");
        assertMessage(folder, "merges.txt", "line 3", "th e x");
    }

    /// transformers writes `normalized` true for every token that `add_tokens` was given as a mere string.
    @Test
    void normalizedTokensAreReadAndWritten() throws IOException {
        Tokenizer small = small();
        List<AddedToken> added = new ArrayList<>(small.added());
        added.add(new AddedToken(small.vocabSize(), "<think>", false, true));
        added.add(new AddedToken(small.vocabSize() + 1, "cafe\u0301", false, true));
        Tokenizer wanted = new Tokenizer(small.model(), added, true, "<|endoftext|>");
        TokenizerJson.write(wanted, folder.resolve("tokenizer.json"));
        assertTrue(Files.readString(folder.resolve("tokenizer.json"))
                .contains("\"content\":\"<think>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":true,\"special\":false"));
        assertSame(wanted, TokenizerFiles.load(folder));
        assertArrayEquals(new int[] {small.vocabSize(), small.vocabSize() + 1}, TokenizerFiles.load(folder).encode("<think>caf\u00e9"));
        VocabMerges.write(wanted, folder.resolve("old"));
        assertSame(wanted, TokenizerFiles.load(folder.resolve("old")));
        Path config = folder.resolve("old/tokenizer_config.json");
        Files.writeString(config, Files.readString(config).replaceAll("\"normalized\" : \\w+,", ""));
        assertSame(wanted, TokenizerFiles.load(folder.resolve("old")));
        Files.delete(config);
        Files.writeString(folder.resolve("old/special_tokens_map.json"),
                "{\"eos_token\":\"<|endoftext|>\",\"additional_special_tokens\":[\"<|im_end|>\"]}");
        assertSame(wanted, TokenizerFiles.load(folder.resolve("old")));
    }

    @Test
    void aMessageNamesItsFileOnce() throws IOException {
        String json = new String(TokenizerJson.toBytes(small()), StandardCharsets.UTF_8).replace("\"rstrip\":false", "\"rstrip\":true");
        Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
        assertEquals(file + ": field 'added_tokens[0].rstrip': found true, wanted false: added tokens are matched exactly as they are written",
            assertThrows(TokenizerFormatException.class, () -> TokenizerFiles.load(file)).getMessage());
    }

    /// The added tokens behind a vocabulary of N, and the end token, are those of transformers 5.23's Qwen2Tokenizer for the same files; `~` marks
    /// one that is not special. In the table `/` stands for `|`.
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "null", value = {
        "null | null | null | </endoftext/> | </endoftext/>",
        "{\"eos_token\": \"</im_end/>\", \"additional_special_tokens\": [\"</im_start/>\", \"</im_end/>\"]} | null | null | </im_end/> | </im_end/> "
                + "</endoftext/> </im_start/>",
        "null | {\"eos_token\": \"</im_end/>\", \"pad_token\": {\"content\": \"</endoftext/>\", \"lstrip\": false}, \"additional_special_tokens\": "
                + "[\"</im_start/>\", \"</im_end/>\"]} | null | </im_end/> | </im_end/> </endoftext/> </im_start/>",
        "{\"eos_token\": \"<a>\", \"unk_token\": null, \"pad_token\": null, \"bos_token\": \"<b>\"} | {\"eos_token\": \"<c>\"} | null | <c> | <b> <c>",
        "{\"eos_token\": null} | null | null | null | </endoftext/>",
        "{\"z_token\": \"<z>\", \"cls_token\": \"<c>\", \"extra_special_tokens\": {\"video_token\": \"<v>\"}} | {\"mask_token\": \"<m>\", "
                + "\"y_token\": \"<y>\"} | null | </endoftext/> | </endoftext/> <c> <m> <y> <z> <v>",
        "{\"extra_special_tokens\": [\"<e>\"], \"additional_special_tokens\": [\"<f>\"]} | {\"extra_special_tokens\": [\"<g>\"], "
                + "\"additional_special_tokens\": [\"<h>\"]} | null | </endoftext/> | </endoftext/> <e> <g>",
        "{\"eos_token\": \"<a>\"} | null | {\"<a>\": N, \"<b>\": N+1} | <a> | <a> <b>~ </endoftext/>",
        "{\"eos_token\": \"</im_end/>\", \"added_tokens_decoder\": {\"N\": {\"content\": \"</endoftext/>\", \"special\": false}, \"N+1\": "
                + "{\"content\": \"<b>\", \"special\": false}}} | {\"eos_token\": \"<c>\"} | null | </im_end/> | </endoftext/> <b>~ </im_end/>"})
    void namedSpecialTokensWithoutAnIdComeBehindTheVocabulary(String config, String map, String list, String eos, String added) throws IOException {
        int n = bare();
        if (config != null) Files.writeString(folder.resolve("tokenizer_config.json"), filled(config, n));
        if (map != null) Files.writeString(folder.resolve("special_tokens_map.json"), filled(map, n));
        if (list != null) Files.writeString(folder.resolve("added_tokens.json"), filled(list, n));
        Tokenizer read = TokenizerFiles.load(folder);
        List<AddedToken> wanted = new ArrayList<>();
        for (String token : added.replace('/', '|').split(" ")) {
            boolean special = !token.endsWith("~");
            wanted.add(new AddedToken(n + wanted.size(), special ? token : token.substring(0, token.length() - 1), special, !special));
        }
        assertEquals(wanted, read.added());
        assertEquals(eos == null ? null : eos.replace('/', '|'), read.eos());
        assertArrayEquals(wanted.stream().mapToInt(AddedToken::id).toArray(),
                read.encode(String.join("", wanted.stream().map(AddedToken::content).toList())));
        VocabMerges.write(read, folder.resolve("again"));
        assertSame(read, TokenizerFiles.load(folder.resolve("again")));
    }

    private static String filled(String json, int n) {
        return json.replace('/', '|').replace("N+1", Integer.toString(n + 1)).replace("N", Integer.toString(n));
    }

    /// `vocab.json` and `merges.txt` and nothing else; how many tokens they have.
    private int bare() throws IOException {
        Tokenizer bare = new BpeTrainer(300, 1, List.of()).train(List.of("the cat sat on the mat", "the hat")).tokenizer();
        VocabMerges.write(bare, folder);
        assertEquals(List.of(), TokenizerFiles.load(folder).added());
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.delete(folder.resolve("added_tokens.json"));
        return bare.vocabSize();
    }

    @Test
    void theTwoPublishedFilesAloneHaveTheEndToken() throws IOException {
        VocabMerges.write(Qwen2Vocabulary.tokenizer(), folder);
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.delete(folder.resolve("added_tokens.json"));
        Tokenizer read = TokenizerFiles.load(folder);
        assertEquals(151_643, read.eosId());
        assertArrayEquals(new int[] {9707, 151_643}, read.encode("Hello<|endoftext|>"));
    }

    @Test
    void whereAnIdIsNotKnownNoneIsGuessed() throws IOException {
        int n = bare();
        Path list = Files.writeString(folder.resolve("added_tokens.json"), "{\"<a>\":" + (n + 7) + "}");
        assertMessage(folder, "'<|endoftext|>' has no id", "leave out " + n);
        Files.writeString(list, "{\"<a>\":" + n + "}");
        Path config = Files.writeString(folder.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\":{}}");
        assertMessage(folder, "added_tokens.json", "'<a>'", "added_tokens_decoder");
        Files.delete(list);
        Files.writeString(config, "{\"eos_token\":\"the\",\"added_tokens_decoder\":{\"" + TokenizerFiles.load(folder).model().vocab().get("the")
                + "\":{\"content\":\"<a>\",\"special\":true}}}");
        assertMessage(folder, "'the'", "'<a>'");
        Files.writeString(config, "{\"tokenizer_class\":\"GPT2Tokenizer\"}");
        assertMessage(folder, "tokenizer_config.json", "'tokenizer_class'", "GPT2Tokenizer");
        Files.writeString(config, "{\"add_prefix_space\":true}");
        assertMessage(folder, "tokenizer_config.json", "'add_prefix_space'");
        Files.writeString(config, "{\"additional_special_tokens\":\"<a>\"}");
        assertMessage(folder, "tokenizer_config.json", "'additional_special_tokens'", "a list of tokens");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"merges\":[[ | \"merges\":[7,[ | model.merges[0]",
        "\"type\":\"BPE\" | \"type\":\"WordPiece\" | model.type",
        "\"normalizer\":{\"type\":\"NFC\"} | \"normalizer\":{\"type\":\"NFKC\"} | normalizer",
        "\"Isolated\" | \"Removed\" | pre_tokenizer",
        "\"truncation\":null | \"truncation\":5 | truncation",
        "\"ignore_merges\":false | \"ignore_merges\":true | model.ignore_merges",
        "\"id\":1, | \"id\":\"1\", | added_tokens[1].id",
        "\"lstrip\":false | \"lstrip\":true | added_tokens[0].lstrip",
        "\"normalized\":false | \"normalized\":1 | added_tokens[0].normalized",
        "\"a\":66 | \"a\":66.5 | model.vocab['a']",
        "\"a\":66 | \"aa\":66 | needs token 'a'",
        "\"a\":66 | \"a\":67 | belongs to two tokens",
        "\"#\":4, | '' | has no token",
        "\"vocab\": | \"vocabulary\": | model.vocab",
        "\"post_processor\":null | \"post_processor\":{\"type\":\"TemplateProcessing\"} | post_processor",
        "\"post_processor\":null | \"post_processor\":{\"type\":\"Sequence\",\"processors\":[]} | post_processor",
        "\"version\":\"1.0\" | \"version\":\"1.0\",\"version\":\"1.0\" | Duplicate",
        "\"version\": | version: | line 1",
    })
    void complaintsNameFileAndField(String original, String broken, String named) throws IOException {
        String json = new String(TokenizerJson.toBytes(small()), StandardCharsets.UTF_8);
        assertTrue(json.contains(original), "the test breaks what is there: " + original);
        Path file = Files.writeString(folder.resolve("tokenizer.json"),
                json.replaceFirst(java.util.regex.Pattern.quote(original), java.util.regex.Matcher.quoteReplacement(broken)));
        assertMessage(file, "tokenizer.json", named);
    }

    /// Without what the parser says of itself.
    @Test
    void complaintsAreInWordsOfTheirOwn() throws IOException {
        for (String broken : List.of("{\"version\":", "{\"version\": NaN}", "{\"version\": [1, 2")) {
            Path file = Files.writeString(folder.resolve("tokenizer.json"), broken);
            String said = assertThrows(TokenizerFormatException.class, () -> TokenizerFiles.load(file)).getMessage();
            assertTrue(said.startsWith(file + ": not valid JSON at line 1, ") && !said.contains("REDACTED") && !said.contains("Feature"), said);
        }
    }

    /// As transformers 5 saves a tokenizer that had no post_processor and was called with truncation and padding.
    @Test
    void whatChangesNoIdIsRead() throws IOException {
        String json = new String(TokenizerJson.toBytes(small()), StandardCharsets.UTF_8)
            .replace("\"truncation\":null", "\"truncation\":{\"direction\":\"Right\",\"max_length\":5,\"strategy\":\"LongestFirst\",\"stride\":0}")
            .replace("\"padding\":null", "\"padding\":{\"strategy\":\"BatchLongest\",\"direction\":\"Left\",\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"<|endoftext|>\"}");
        Path file = Files.writeString(folder.resolve("tokenizer.json"),
                json.replace("\"post_processor\":null", "\"post_processor\":" + template("", "")));
        assertTrue(Files.readString(file).contains("max_length") && Files.readString(file).contains("pad_id") && Files.readString(file)
                .contains("Template"));
        assertSame(small(), TokenizerFiles.load(file));
        Files.writeString(file, json.replace("\"post_processor\":null",
                "\"post_processor\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false}"));
        assertSame(small(), TokenizerFiles.load(file));
        String twice = ",{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}";
        String ended = ",{\"SpecialToken\":{\"id\":\"<|endoftext|>\",\"type_id\":0}}";
        for (String changed : List.of(template(twice, ""), template(ended, ""),
                template("", "\"<|endoftext|>\":{\"id\":\"<|endoftext|>\",\"ids\":[0],\"tokens\":[\"<|endoftext|>\"]}"))) {
            Files.writeString(file, json.replace("\"post_processor\":null", "\"post_processor\":" + changed));
            assertMessage(file, "tokenizer.json", "'post_processor'", "the text alone");
        }
    }

    private static String template(String moreInSingle, String special) {
        return "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}" + moreInSingle
                + "],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],"
            + "\"special_tokens\":{" + special + "}}";
    }

    @Test
    void rankFilesAreCheckedLineByLine() throws IOException {
        Path file = Files.writeString(folder.resolve("x.tiktoken"), "IQ== 0\nIg== 2\n");
        assertMessage(file, "x.tiktoken", "line 2", "Ig== 2");
        Files.writeString(file, "IQ== 0\n*** 1\n");
        assertMessage(file, "line 2", "not base64");
        Files.writeString(file, "IQ== 0\nIg== 1\n");
        assertMessage(file, "x.tiktoken", "byte 0x00");
        Files.writeString(file, "IQ== 0\nIiM= 1\n");
        assertMessage(file, "rank 1", "0x22");
    }

    @Test
    void missingFilesAreNamed() throws IOException {
        assertMessage(folder, folder.toString(), "vocab.json");
        assertThrows(NoSuchFileException.class, () -> TokenizerFiles.load(folder.resolve("tokenizer.json")));
        assertMessage(Files.writeString(folder.resolve("readme.md"), "x"), "readme.md", "unknown kind");
        assertMessage(Files.writeString(folder.resolve("list.json"), "[1]"), "list.json", "object");
    }

    private static void assertMessage(Path path, String... parts) {
        String message = assertThrows(TokenizerFormatException.class, () -> TokenizerFiles.load(path)).getMessage();
        for (String part : parts) assertTrue(message.contains(part), message + " does not say " + part);
    }
}
