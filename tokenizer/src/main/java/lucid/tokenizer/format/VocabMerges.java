package lucid.tokenizer.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import lucid.tokenizer.AddedToken;
import lucid.tokenizer.BpeModel;
import lucid.tokenizer.Merge;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.JsonFile.Type;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/// The older Hugging Face layout: `vocab.json`, `merges.txt`, and where present `added_tokens.json`, `special_tokens_map.json`,
/// `tokenizer_config.json`.
public final class VocabMerges {
    private VocabMerges() {}

    /// Reads a folder as transformers 5 does. Added tokens come from `tokenizer_config.json` (`added_tokens_decoder`), or where that lists none from
    /// `added_tokens.json`. Special tokens that either of the other two files names, or that Qwen2 has where none does (`<|endoftext|>`), come behind
    /// them.
    public static Tokenizer read(Path folder) throws IOException {
        JsonFile vocabFile = JsonFile.read(folder.resolve("vocab.json"));
        Map<String, Integer> vocab = TokenizerJson.vocab(vocabFile, vocabFile.root(), "");
        List<Merge> merges = merges(folder.resolve("merges.txt"), vocab);
        SpecialTokens special = SpecialTokens.read(folder);
        Map<Integer, AddedToken> added = new TreeMap<>();
        fromConfig(folder.resolve("tokenizer_config.json"), added);
        fromList(folder.resolve("added_tokens.json"), special, added);
        name(folder, special, vocab, added);
        try {
            return new Tokenizer(BpeModel.of(vocab, merges), List.copyOf(added.values()), true, special.eos());
        } catch (IllegalArgumentException e) {
            throw new TokenizerFormatException(folder + " (vocab.json, merges.txt, added tokens): " + e.getMessage(), e);
        }
    }

    private static List<Merge> merges(Path path, Map<String, Integer> vocab) throws IOException {
        List<Merge> merges = new ArrayList<>();
        int number = 0;
        for (String line : JsonFile.text(path).split("\n", -1)) {
            number++;
            String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
            if (text.isEmpty() || number == 1 && text.startsWith("#version")) continue;
            int space = text.indexOf(' ');
            if (space < 1 || space == text.length() - 1 || text.indexOf(' ', space + 1) >= 0) {
                throw new TokenizerFormatException(path + ": line " + number + ": found '" + text
                        + "', wanted two tokens and one space between them");
            }
            merges.add(TokenizerJson.merge(path, "line " + number, vocab, text.substring(0, space), text.substring(space + 1)));
        }
        return merges;
    }

    private static void fromConfig(Path path, Map<Integer, AddedToken> added) throws IOException {
        if (!Files.exists(path)) return;
        JsonFile config = JsonFile.read(path);
        refuseFlags(config);
        if (JsonFile.absent(config.root(), "added_tokens_decoder")) return;
        for (Map.Entry<String, JsonNode> entry : config.require(config.root(), "", "added_tokens_decoder", Type.OBJECT).properties()) {
            String at = "added_tokens_decoder." + entry.getKey();
            if (!entry.getKey().matches("\\d{1,9}")) throw config.wrong(at, "an id as the field's name", entry.getValue());
            int id = Integer.parseInt(entry.getKey());
            added.put(id, TokenizerJson.addedToken(config, entry.getValue(), at, id, true));
        }
    }

    /// Refuses what `tokenizer_config.json` may ask for and would change ids.
    static void refuseFlags(JsonFile config) {
        for (String flag : List.of("add_prefix_space", "split_special_tokens")) {
            if (!TokenizerJson.isOff(config.root(), flag))
                throw config.wrong(flag, "false: text is encoded as it stands, and special tokens are never split", config.root().get(flag));
        }
    }

    private static void fromList(Path path, SpecialTokens special, Map<Integer, AddedToken> added) throws IOException {
        if (!Files.exists(path)) return;
        JsonFile list = JsonFile.read(path);
        for (Map.Entry<String, Integer> entry : TokenizerJson.vocab(list, list.root(), "").entrySet()) {
            String content = entry.getKey();
            int id = entry.getValue();
            if (content.isEmpty() || id < 0)
                throw list.wrong(content, "a token that is not empty and an id that is not negative", list.root().get(content));
            AddedToken known = added.get(id);
            if (known == null && special.listed())
                throw list.wrong(content, "a token of tokenizer_config.json's added_tokens_decoder: transformers would read that alone and split "
                        + "this one", list.root().get(content));
            if (known == null) added.put(id, new AddedToken(id, content, false, true));
            else if (!known.content().equals(content))
                throw list.wrong(content, "the id that tokenizer_config.json gives: there " + id + " is '" + known.content() + "'",
                        list.root().get(content));
        }
    }

    /// Tokens that are named are special and matched in the raw text, whatever the lists say. One without an id is the next behind vocabulary and
    /// lists.
    private static void name(Path folder, SpecialTokens special, Map<String, Integer> vocab, Map<Integer, AddedToken> added) {
        Map<String, Integer> ids = new HashMap<>(vocab);
        for (AddedToken token : added.values()) ids.put(token.content(), token.id());
        int last = added.isEmpty() ? -1 : Collections.max(added.keySet());
        int next = vocab.size();
        while (added.containsKey(next)) next++;
        for (String content : special.contents()) {
            if (!ids.containsKey(content) && last > next) {
                throw new TokenizerFormatException(folder + ": special token '" + content
                        + "' has no id, and the next free one is not known: the ids of the added tokens go to " + last
                    + " but leave out " + next + ". Wanted the token in added_tokens_decoder of tokenizer_config.json, or in added_tokens.json");
            }
            int id = ids.containsKey(content) ? ids.get(content) : next++;
            AddedToken there = added.put(id, new AddedToken(id, content, true));
            if (there != null && !there.content().equals(content)) {
                throw new TokenizerFormatException(folder + ": special token '" + content + "' has id " + id
                        + " in vocab.json, which the added tokens give to '" + there.content() + "'");
            }
        }
    }

    /// Writes `vocab.json`, `merges.txt`, `added_tokens.json` and `tokenizer_config.json` into `folder`.
    public static void write(Tokenizer tokenizer, Path folder) throws IOException {
        Files.createDirectories(folder);
        ObjectNode vocab = JsonFile.MAPPER.createObjectNode();
        TokenizerJson.sorted(tokenizer.model().vocab()).forEach(entry -> vocab.put(entry.getKey(), entry.getValue()));
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        for (Merge merge : tokenizer.model().merges())
            merges.append(tokenizer.token(merge.left())).append(' ').append(tokenizer.token(merge.right())).append('\n');
        ObjectNode added = JsonFile.MAPPER.createObjectNode();
        ObjectNode config = JsonFile.MAPPER.createObjectNode().put("add_prefix_space", false);
        ObjectNode decoder = config.putObject("added_tokens_decoder");
        for (AddedToken token : tokenizer.added()) {
            added.put(token.content(), token.id());
            decoder.putObject(Integer.toString(token.id())).put("content", token.content()).put("lstrip", false).put("normalized", token.normalized())
                .put("rstrip", false).put("single_word", false).put("special", token.special());
        }
        config.put("clean_up_tokenization_spaces", false).put("eos_token", tokenizer.eos()).put("errors", "replace")
                .put("tokenizer_class", "Qwen2Tokenizer");
        // Else the class would name its own and add it.
        OptionalInt named = tokenizer.addedId(SpecialTokens.DEFAULT);
        if (named.isEmpty() || !tokenizer.isSpecial(named.getAsInt())) config.putNull("unk_token").putNull("pad_token");
        JsonFile.write(folder.resolve("vocab.json"), JsonFile.MAPPER.writeValueAsBytes(vocab));
        JsonFile.write(folder.resolve("merges.txt"), merges.toString().getBytes(StandardCharsets.UTF_8));
        JsonFile.write(folder.resolve("added_tokens.json"), JsonFile.MAPPER.writeValueAsBytes(added));
        JsonFile.write(folder.resolve("tokenizer_config.json"), JsonFile.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
    }
}
