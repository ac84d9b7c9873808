package lucid.nn.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import lucid.nn.disk.JsonText;

/// Keys of one JSON object, each checked where it is read. `where` names file and place for messages.
record ConfigReader(String where, JsonNode node) {
    /// Reads a file, or `config.json` in a folder.
    static ConfigReader open(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
        try {
            JsonNode node = JsonText.read(file);
            if (node == null || !node.isObject()) throw new ConfigException(file + ": wanted a JSON object");
            return new ConfigReader(file.toString(), node);
        } catch (JsonProcessingException | CharacterCodingException e) {
            throw new ConfigException(file + ": " + JsonText.reason(e), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + JsonText.reason(e), e);
        }
    }

    boolean has(String key) { return node.hasNonNull(key); }

    ConfigReader child(String key) {
        if (!node.path(key).isObject()) throw bad(key, "an object");
        return new ConfigReader(where + ", " + key, node.get(key));
    }

    /// A size: a whole number > 0.
    int size(String key, int fallback) {
        int v = integer(key, fallback);
        if (v <= 0) throw bad(key, "a whole number > 0");
        return v;
    }

    int size(String key) {
        if (!has(key)) throw bad(key, "a whole number > 0");
        return size(key, 1);
    }

    int integer(String key, int fallback) {
        if (!has(key)) return fallback;
        JsonNode v = node.get(key);
        if (!v.isIntegralNumber() || !v.canConvertToInt()) throw bad(key, "a whole number");
        return v.asInt();
    }

    double number(String key, double fallback) {
        if (!has(key)) return fallback;
        double v = node.get(key).asDouble();
        if (!node.get(key).isNumber() || !Double.isFinite(v)) throw bad(key, "a finite number");
        return v;
    }

    /// A number > 0 that stays one in f32, as the kernels take it.
    double positive(String key, double fallback) {
        double v = number(key, fallback);
        if (!((float) v > 0) || Float.isInfinite((float) v)) throw bad(key, "a number > 0 within f32");
        return v;
    }

    boolean flag(String key, boolean fallback) {
        if (!has(key)) return fallback;
        if (!node.get(key).isBoolean()) throw bad(key, "true or false");
        return node.get(key).asBoolean();
    }

    String text(String key, String fallback) {
        if (!has(key)) return fallback;
        if (!node.get(key).isTextual()) throw bad(key, "a string");
        return node.get(key).asText();
    }

    /// Token ids: one, or a list of them.
    ///
    /// @param key   for messages
    /// @param value at it, or inside of what is at it
    List<Integer> ids(String key, JsonNode value) {
        List<Integer> out = new ArrayList<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.asInt() < 0) throw bad(key, "a token id, or a list of them");
            out.add(id.asInt());
        }
        return out;
    }

    /// Refuses any value of a switch that Lucid does not implement: a silently different model is worse than none.
    void only(String key, String value) {
        if (has(key) && !node.get(key).asText().equals(value)) throw bad(key, value + " (the only one this model is built for)");
    }

    /// What a record makes of keys that were read here. A key's complaint names file and place; the record's own knows neither, and gets them.
    <T> T made(Supplier<T> record) {
        try {
            return record.get();
        } catch (ConfigException e) {
            throw e.getMessage().startsWith(where) ? e : new ConfigException(where + ": " + e.getMessage(), e);
        }
    }

    ConfigException bad(String key, String wanted) {
        return new ConfigException(where + ": " + key + ": found " + (node.has(key) ? node.get(key) : "nothing") + ", wanted " + wanted);
    }
}
