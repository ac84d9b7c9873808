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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The older Hugging Face layout: `vocab.json`, `merges.txt`, and where present `added_tokens.json`, `special_tokens_map.json`, `tokenizer_config.json`.
public final class VocabMerges {
    private VocabMerges() {}

    /// Reads a folder. Added tokens come from `tokenizer_config.json` (`added_tokens_decoder`) and `added_tokens.json`; a token that only the latter
    /// names is special exactly when `special_tokens_map.json` lists it, and normalized when it does not.
    public static Tokenizer read(Path folder, String eos) throws IOException {
        JsonFile vocabFile = JsonFile.read(folder.resolve("vocab.json"));
        Map<String, Integer> vocab = TokenizerJson.vocab(vocabFile, vocabFile.root(), "");
        List<Merge> merges = merges(folder.resolve("merges.txt"), vocab);
        Map<Integer, AddedToken> added = new LinkedHashMap<>();
        fromConfig(folder.resolve("tokenizer_config.json"), added);
        fromList(folder, added);
        try {
            return new Tokenizer(BpeModel.of(vocab, merges), List.copyOf(added.values()), true, eos);
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
                throw new TokenizerFormatException(path + ": line " + number + ": found '" + text + "', wanted two tokens and one space between them");
            }
            merges.add(TokenizerJson.merge(path, "line " + number, vocab, text.substring(0, space), text.substring(space + 1)));
        }
        return merges;
    }

    private static void fromConfig(Path path, Map<Integer, AddedToken> added) throws IOException {
        if (!Files.exists(path)) return;
        JsonFile config = JsonFile.read(path);
        if (JsonFile.absent(config.root(), "added_tokens_decoder")) return;
        for (Map.Entry<String, JsonNode> entry : config.require(config.root(), "", "added_tokens_decoder", Type.OBJECT).properties()) {
            String at = "added_tokens_decoder." + entry.getKey();
            if (!entry.getKey().matches("\\d{1,9}")) throw config.wrong(at, "an id as the field's name", entry.getValue());
            int id = Integer.parseInt(entry.getKey());
            added.put(id, TokenizerJson.addedToken(config, entry.getValue(), at, id, true));
        }
    }

    private static void fromList(Path folder, Map<Integer, AddedToken> added) throws IOException {
        Path path = folder.resolve("added_tokens.json");
        if (!Files.exists(path)) return;
        JsonFile list = JsonFile.read(path);
        Set<String> special = specials(folder.resolve("special_tokens_map.json"));
        for (Map.Entry<String, Integer> entry : TokenizerJson.vocab(list, list.root(), "").entrySet()) {
            if (entry.getKey().isEmpty() || entry.getValue() < 0) throw list.wrong(entry.getKey(), "a token that is not empty and an id that is not negative", list.root().get(entry.getKey()));
            AddedToken known = added.get(entry.getValue());
            if (known == null) added.put(entry.getValue(), new AddedToken(entry.getValue(), entry.getKey(), special.contains(entry.getKey()), !special.contains(entry.getKey())));
            else if (!known.content().equals(entry.getKey())) throw list.wrong(entry.getKey(), "the id that tokenizer_config.json gives: there " + entry.getValue() + " is '" + known.content() + "'", list.root().get(entry.getKey()));
        }
    }

    private static Set<String> specials(Path path) throws IOException {
        Set<String> special = new HashSet<>();
        if (!Files.exists(path)) return special;
        for (JsonNode node : JsonFile.read(path).root()) {
            for (JsonNode one : node.isArray() ? node : List.of(node)) special.add(one.isObject() ? one.path("content").asText() : one.asText());
        }
        return special;
    }

    /// Writes `vocab.json`, `merges.txt`, `added_tokens.json` and `tokenizer_config.json` into `folder`.
    public static void write(Tokenizer tokenizer, Path folder) throws IOException {
        Files.createDirectories(folder);
        ObjectNode vocab = JsonFile.MAPPER.createObjectNode();
        TokenizerJson.sorted(tokenizer.model().vocab()).forEach(entry -> vocab.put(entry.getKey(), entry.getValue()));
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        for (Merge merge : tokenizer.model().merges()) merges.append(tokenizer.token(merge.left())).append(' ').append(tokenizer.token(merge.right())).append('\n');
        ObjectNode added = JsonFile.MAPPER.createObjectNode();
        ObjectNode config = JsonFile.MAPPER.createObjectNode().put("add_prefix_space", false);
        ObjectNode decoder = config.putObject("added_tokens_decoder");
        for (AddedToken token : tokenizer.added()) {
            added.put(token.content(), token.id());
            decoder.putObject(Integer.toString(token.id())).put("content", token.content()).put("lstrip", false).put("normalized", token.normalized())
                .put("rstrip", false).put("single_word", false).put("special", token.special());
        }
        config.put("clean_up_tokenization_spaces", false).put("eos_token", tokenizer.eos()).put("errors", "replace").put("tokenizer_class", "Qwen2Tokenizer");
        JsonFile.write(folder.resolve("vocab.json"), JsonFile.MAPPER.writeValueAsBytes(vocab));
        JsonFile.write(folder.resolve("merges.txt"), merges.toString().getBytes(StandardCharsets.UTF_8));
        JsonFile.write(folder.resolve("added_tokens.json"), JsonFile.MAPPER.writeValueAsBytes(added));
        JsonFile.write(folder.resolve("tokenizer_config.json"), JsonFile.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
    }
}
