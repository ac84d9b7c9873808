package lucid.tokenizer.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// A JSON file whose every complaint names the file and the field.
record JsonFile(Path path, JsonNode root) {
    static final ObjectMapper MAPPER = JsonMapper.builder()
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .defaultPrettyPrinter(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"))).build();

    /// What a field may be.
    enum Type {
        OBJECT, ARRAY, STRING, INTEGER, BOOLEAN;

        boolean is(JsonNode node) {
            return switch (this) {
                case OBJECT -> node.isObject();
                case ARRAY -> node.isArray();
                case STRING -> node.isTextual();
                case INTEGER -> node.isInt();
                case BOOLEAN -> node.isBoolean();
            };
        }
    }

    /// The file's characters, which must be UTF-8: a JSON parser of bytes would guess UTF-16 or UTF-32 from zeros.
    static String text(Path path) throws IOException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(path))).toString();
        } catch (CharacterCodingException e) {
            throw new TokenizerFormatException(path + ": found bytes that are not UTF-8, wanted UTF-8 text", e);
        }
    }

    static JsonFile read(Path path) throws IOException {
        try {
            JsonNode root = MAPPER.readTree(text(path));
            JsonFile file = new JsonFile(path, root);
            if (!root.isObject()) throw file.wrong("", "an object at the top", root);
            return file;
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
            throw new TokenizerFormatException(path + ": not valid JSON" + where + ": " + TokenizerFormatException.reason(e), e);
        }
    }

    /// The field `name` of `parent`, which stands at `at`; refused when absent or of another type.
    JsonNode require(JsonNode parent, String at, String name, Type type) {
        JsonNode node = parent.get(name);
        String where = at.isEmpty() ? name : at + "." + name;
        if (node == null) throw wrong(where, "a field of type " + type.name().toLowerCase(java.util.Locale.ROOT), null);
        return check(node, where, type);
    }

    JsonNode check(JsonNode node, String where, Type type) {
        if (!type.is(node)) throw wrong(where, "type " + type.name().toLowerCase(java.util.Locale.ROOT), node);
        return node;
    }

    /// True where the field is absent or null.
    static boolean absent(JsonNode parent, String name) {
        JsonNode node = parent.get(name);
        return node == null || node.isNull();
    }

    TokenizerFormatException wrong(String field, String wanted, JsonNode found) {
        String shown = found == null ? "nothing" : found.toString();
        if (shown.length() > 120) shown = shown.substring(0, 120) + "...";
        return new TokenizerFormatException(path + ": field '" + field + "': found " + shown + ", wanted " + wanted);
    }

    /// Writes aside, forces to disk and renames: the file is the old one or the new one, never a half.
    static void write(Path path, byte[] bytes) throws IOException {
        Path aside = path.resolveSibling(path.getFileName() + ".tmp" + ProcessHandle.current().pid());
        try {
            try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) channel.write(buffer);
                channel.force(true);
            }
            Files.move(aside, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceFolder(path.toAbsolutePath().getParent());
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    // A rename is only durable once its folder is on the disk. Windows cannot open a folder for that and does not need it. (As `AtomicFile` of
    // lucid.nn.file: this module stands alone.)
    private static void forceFolder(Path folder) throws IOException {
        if (System.getProperty("os.name").startsWith("Windows")) return;
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
