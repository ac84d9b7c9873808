package lucid.tokenizer.format;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// The special tokens that a folder without `tokenizer.json` names, as Qwen2Tokenizer of transformers 5 has them (`_from_pretrained`, `__init__`).
///
/// @param contents each once, in the order in which those without an id get one
/// @param eos      the end token, or null where the folder says that there is none
/// @param listed   whether `tokenizer_config.json` lists the added tokens; the older files beside it are then not looked at
record SpecialTokens(List<String> contents, String eos, boolean listed) {
    private static final String EXTRA = "extra_special_tokens";
    private static final String OLDER = "additional_special_tokens";
    private static final List<String> ATTRIBUTES = List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token",
            "mask_token");
    /// What the class takes for `eos_token`, `unk_token` and `pad_token` where no file has the field.
    static final String DEFAULT = "<|endoftext|>";

    static SpecialTokens read(Path folder) throws IOException {
        Reader reader = new Reader();
        Path config = folder.resolve("tokenizer_config.json");
        Path map = folder.resolve("special_tokens_map.json");
        boolean listed = Files.exists(config) && reader.config(JsonFile.read(config));
        if (!listed && Files.exists(map)) reader.map(JsonFile.read(map));
        return reader.read(listed);
    }

    /// Gathers what the files name. Fields that are no attribute of every tokenizer (`image_token`) come behind those that are, in the order of
    /// transformers: first what stands there as an object or in the map, then the rest.
    private static final class Reader {
        private final Map<String, String> named = new LinkedHashMap<>();
        private final Map<String, String> first = new LinkedHashMap<>();
        private final Map<String, String> then = new LinkedHashMap<>();
        private final Set<String> extra = new LinkedHashSet<>();
        private final List<String> older = new ArrayList<>();
        private boolean hasExtra;

        Reader() {
            for (String name : ATTRIBUTES) named.put(name, List.of("eos_token", "unk_token", "pad_token").contains(name) ? DEFAULT : null);
        }

        /// Whether the file lists the added tokens.
        boolean config(JsonFile file) {
            JsonNode root = file.root();
            if (!JsonFile.absent(root, "tokenizer_class") && !root.get("tokenizer_class").asText().matches("Qwen2Tokenizer(Fast)?")) {
                throw file.wrong("tokenizer_class", "\"Qwen2Tokenizer\": another class cuts text and names special tokens in its own way. Save it "
                        + "as tokenizer.json, which says how",
                    root.get("tokenizer_class"));
            }
            for (Map.Entry<String, JsonNode> field : root.properties()) {
                String name = field.getKey();
                JsonNode node = field.getValue();
                if (named.containsKey(name)) named.put(name, content(file, name, node));
                else if (name.endsWith("_token") && node.isTextual()) then.put(name, node.asText());
                // null keeps the place for the map
                else if (name.endsWith("_token"))
                    first.put(name, "AddedToken".equals(node.path("__type").asText()) ? content(file, name, node) : null);
            }
            extra(file, EXTRA);
            if (root.path(EXTRA).isEmpty()) extra(file, OLDER);
            else older(file);
            return !JsonFile.absent(root, "added_tokens_decoder");
        }

        void map(JsonFile file) {
            for (Map.Entry<String, JsonNode> field : file.root().properties()) {
                String name = field.getKey();
                JsonNode node = field.getValue();
                if (named.containsKey(name)) named.put(name, content(file, name, node));
                else if (name.endsWith("_token")) first.put(name, node.isTextual() || node.isObject() ? content(file, name, node) : null);
            }
            extra(file, EXTRA);
            older(file);
        }

        private void extra(JsonFile file, String field) {
            JsonNode node = file.root().path(field);
            if (node.isArray()) for (JsonNode token : node) extra.add(content(file, field, token));
            else if (node.isObject())
                node.properties().forEach(token -> then.put(token.getKey(), content(file, field + "." + token.getKey(), token.getValue())));
            else if (!node.isMissingNode() && !node.isNull()) throw file.wrong(field, "a list of tokens, or an object of them by name", node);
            hasExtra |= node.isArray() || node.isNull();
        }

        /// The list of the older name, which counts where no file has one of the newer.
        private void older(JsonFile file) {
            if (!file.root().has(OLDER)) return;
            older.clear();
            if (!JsonFile.absent(file.root(), OLDER))
                for (JsonNode token : file.require(file.root(), "", OLDER, JsonFile.Type.ARRAY)) older.add(content(file, OLDER, token));
        }

        private static String content(JsonFile file, String field, JsonNode node) {
            if (node.isNull()) return null;
            JsonNode content = node.isObject() ? node.path("content") : node;
            if (!content.isTextual()) throw file.wrong(field, "a string, or an object with a string 'content'", node);
            return content.asText();
        }

        SpecialTokens read(boolean listed) {
            first.values().removeIf(Objects::isNull);
            first.putAll(then);
            named.putAll(first);
            Set<String> contents = new LinkedHashSet<>(named.values());
            contents.addAll(extra);
            if (!hasExtra) contents.addAll(older);
            contents.remove(null);
            contents.remove("");
            String eos = named.get("eos_token");
            return new SpecialTokens(List.copyOf(contents), eos == null || eos.isEmpty() ? null : eos, listed);
        }
    }
}
