package lucid.tokenizer.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import lucid.tokenizer.AddedToken;
import lucid.tokenizer.BpeModel;
import lucid.tokenizer.Merge;
import lucid.tokenizer.PreTokenizer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.JsonFile.Type;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Hugging Face `tokenizer.json`: read, and written byte for byte as their trainer writes it.
public final class TokenizerJson {
    private TokenizerJson() {}

    /// Reads a file. A setting that would change ids and is not supported here is refused, naming the field.
    ///
    /// @param eos content of the end token, or null
    public static Tokenizer read(Path path, String eos) throws IOException {
        JsonFile file = JsonFile.read(path);
        JsonNode root = file.root();
        // What the last call before saving asked for. transformers sets both anew at every call, to none unless asked, and ids are never cut or
        // padded here.
        for (String name : List.of("truncation", "padding")) if (!JsonFile.absent(root, name)) file.require(root, "", name, Type.OBJECT);
        boolean nfc = !JsonFile.absent(root, "normalizer");
        if (nfc && !"NFC".equals(root.get("normalizer").path("type").asText()))
            throw file.wrong("normalizer", "null or {\"type\":\"NFC\"}", root.get("normalizer"));
        checkPreTokenizer(file, root.path("pre_tokenizer"));
        if (!JsonFile.absent(root, "post_processor") && !addsNothing(root.get("post_processor"))) {
            throw file.wrong("post_processor", "null, type ByteLevel, or a TemplateProcessing that is the text alone, without special tokens",
                    root.get("post_processor"));
        }
        if (!JsonFile.absent(root, "decoder") && !"ByteLevel".equals(root.get("decoder").path("type").asText()))
            throw file.wrong("decoder", "null or type ByteLevel", root.get("decoder"));
        BpeModel model = model(file, file.require(root, "", "model", Type.OBJECT));
        List<AddedToken> added = addedTokens(file, root);
        try {
            return new Tokenizer(model, added, nfc, eos);
        } catch (IllegalArgumentException e) {
            throw new TokenizerFormatException(path + ": " + e.getMessage(), e);
        }
    }

    private static void checkPreTokenizer(JsonFile file, JsonNode node) {
        String wanted = "a Sequence of Split (the Qwen2 pattern, Isolated) and ByteLevel (no prefix space, no regex)";
        JsonNode parts = node.path("pretokenizers");
        JsonNode split = parts.path(0);
        JsonNode byteLevel = parts.path(1);
        boolean ok = "Sequence".equals(node.path("type").asText()) && parts.size() == 2
            && "Split".equals(split.path("type").asText()) && PreTokenizer.PATTERN.equals(split.path("pattern").path("Regex").asText())
            && "Isolated".equals(split.path("behavior").asText()) && !split.path("invert").asBoolean()
            && "ByteLevel".equals(byteLevel.path("type").asText()) && !byteLevel.path("add_prefix_space").asBoolean() && !byteLevel.path("use_regex")
                    .asBoolean(true);
        if (!ok) throw file.wrong("pre_tokenizer", wanted, node.isMissingNode() ? null : node);
    }

    /// ByteLevel moves offsets only. transformers 5 writes a template where there was nothing: `single` is the text, `pair` the two texts one after
    /// the other.
    private static boolean addsNothing(JsonNode processor) {
        if ("ByteLevel".equals(processor.path("type").asText())) return true;
        JsonNode special = processor.path("special_tokens");
        return "TemplateProcessing".equals(processor.path("type").asText()) && isTexts(processor.path("single"), "A")
                && isTexts(processor.path("pair"), "A", "B") && special.isObject() && special.isEmpty();
    }

    private static boolean isTexts(JsonNode template, String... ids) {
        boolean same = template.isArray() && template.size() == ids.length;
        for (int i = 0; same && i < ids.length; i++)
            same = template.get(i).size() == 1 && ids[i].equals(template.get(i).path("Sequence").path("id").asText());
        return same;
    }

    private static BpeModel model(JsonFile file, JsonNode model) {
        String type = file.require(model, "model", "type", Type.STRING).asText();
        if (!type.equals("BPE")) throw file.wrong("model.type", "\"BPE\"", model.get("type"));
        for (String name : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
            JsonNode node = model.path(name);
            if (!node.isMissingNode() && !node.isNull() && !(node.isTextual() && node.asText().isEmpty()))
                throw file.wrong("model." + name, "null: byte-level BPE has no use for it", node);
        }
        for (String name : List.of("byte_fallback", "ignore_merges")) {
            if (!isOff(model, name)) throw file.wrong("model." + name, "false", model.get(name));
        }
        Map<String, Integer> vocab = vocab(file, file.require(model, "model", "vocab", Type.OBJECT), "model.vocab");
        JsonNode list = file.require(model, "model", "merges", Type.ARRAY);
        List<Merge> merges = new ArrayList<>(list.size());
        for (JsonNode entry : list) {
            String at = "model.merges[" + merges.size() + "]";
            // Written as ["a", "b"] since tokenizers 0.20, as "a b" before.
            String[] pair = entry.isTextual() ? entry.asText().split(" ", -1)
                : entry.isArray() && entry.size() == 2 && entry.get(0).isTextual() && entry.get(1).isTextual()
                        ? new String[] {entry.get(0).asText(), entry.get(1).asText()} : new String[0];
            if (pair.length != 2) throw file.wrong(at, "two tokens, [\"a\",\"b\"] or \"a b\"", entry);
            merges.add(merge(file.path(), at, vocab, pair[0], pair[1]));
        }
        try {
            return BpeModel.of(vocab, merges);
        } catch (IllegalArgumentException e) {
            throw new TokenizerFormatException(file.path() + ": field 'model': " + e.getMessage(), e);
        }
    }

    static Map<String, Integer> vocab(JsonFile file, JsonNode object, String at) {
        Map<String, Integer> vocab = LinkedHashMap.newLinkedHashMap(object.size());
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            vocab.put(entry.getKey(), file.check(entry.getValue(), at + "['" + entry.getKey() + "']", Type.INTEGER).asInt());
        }
        return vocab;
    }

    static Merge merge(Path path, String at, Map<String, Integer> vocab, String left, String right) {
        for (String token : List.of(left, right, left + right)) {
            if (!vocab.containsKey(token))
                throw new TokenizerFormatException(path + ": field '" + at + "': '" + left + "' '" + right + "' needs token '" + token
                        + "', which is not in the vocabulary");
        }
        return new Merge(vocab.get(left), vocab.get(right), vocab.get(left + right));
    }

    private static List<AddedToken> addedTokens(JsonFile file, JsonNode root) {
        List<AddedToken> added = new ArrayList<>();
        if (JsonFile.absent(root, "added_tokens")) return added;
        for (JsonNode node : file.require(root, "", "added_tokens", Type.ARRAY)) {
            String at = "added_tokens[" + added.size() + "]";
            added.add(addedToken(file, file.check(node, at, Type.OBJECT), at, file.require(node, at, "id", Type.INTEGER).asInt(), false));
        }
        return added;
    }

    /// Absent, null or false; what is no flag at all may mean anything.
    static boolean isOff(JsonNode node, String flag) {
        return JsonFile.absent(node, flag) || node.get(flag).isBoolean() && !node.get(flag).asBoolean();
    }

    /// @param unlessSpecial whether a token whose `normalized` is absent is normalised unless it is special, as transformers has it, or never
    static AddedToken addedToken(JsonFile file, JsonNode node, String at, int id, boolean unlessSpecial) {
        for (String flag : List.of("single_word", "lstrip", "rstrip")) {
            if (!isOff(node, flag)) throw file.wrong(at + "." + flag, "false: added tokens are matched exactly as they are written", node.get(flag));
        }
        String content = file.require(node, at, "content", Type.STRING).asText();
        if (content.isEmpty() || id < 0) throw file.wrong(at, "a content that is not empty and an id that is not negative", node);
        boolean special = file.require(node, at, "special", Type.BOOLEAN).asBoolean();
        boolean normalized = JsonFile.absent(node, "normalized") ? unlessSpecial && !special : file.require(node, at, "normalized", Type.BOOLEAN)
                .asBoolean();
        return new AddedToken(id, content, special, normalized);
    }

    /// Writes `tokenizer` to `path`, complete or not at all.
    public static void write(Tokenizer tokenizer, Path path) throws IOException {
        JsonFile.write(path, toBytes(tokenizer));
    }

    /// What [#write] writes.
    public static byte[] toBytes(Tokenizer tokenizer) throws IOException {
        ObjectNode root = JsonFile.MAPPER.createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (AddedToken token : tokenizer.added()) {
            added.addObject().put("id", token.id()).put("content", token.content()).put("single_word", false).put("lstrip", false)
                .put("rstrip", false).put("normalized", token.normalized()).put("special", token.special());
        }
        if (tokenizer.nfc()) root.putObject("normalizer").put("type", "NFC");
        else root.putNull("normalizer");
        ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode parts = sequence.putArray("pretokenizers");
        ObjectNode split = parts.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", PreTokenizer.PATTERN);
        split.put("behavior", "Isolated").put("invert", false);
        parts.addObject().put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", false).put("use_regex", false);
        root.putNull("post_processor");
        root.putObject("decoder").put("type", "ByteLevel").put("add_prefix_space", true).put("trim_offsets", true).put("use_regex", true);
        ObjectNode model = root.putObject("model").put("type", "BPE");
        for (String name : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) model.putNull(name);
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocab = model.putObject("vocab");
        sorted(tokenizer.model().vocab()).forEach(entry -> vocab.put(entry.getKey(), entry.getValue()));
        ArrayNode merges = model.putArray("merges");
        for (Merge merge : tokenizer.model().merges()) merges.addArray().add(tokenizer.token(merge.left())).add(tokenizer.token(merge.right()));
        return JsonFile.MAPPER.writeValueAsBytes(root);
    }

    static List<Map.Entry<String, Integer>> sorted(Map<String, Integer> vocab) {
        return vocab.entrySet().stream().sorted(Comparator.comparingInt(Map.Entry::getValue)).toList();
    }
}
