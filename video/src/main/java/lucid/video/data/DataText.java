package lucid.video.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.IntFunction;
import lucid.video.IoReason;

/// The text of a data file, and the objects in it: one a line, or the elements of an array.
public final class DataText {
    private static final ObjectMapper ELEMENTS = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final ObjectMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    private static final String PARQUET = ".parquet";

    /// Takes one object.
    @FunctionalInterface
    public interface Taker {
        /// @param line where it begins, from 1
        void take(int line, JsonNode object);
    }

    private DataText() {}

    /// For a message: the beginning of a text that is long.
    public static String shortened(String s) {
        return s.length() <= 60 ? s : s.substring(0, Character.isHighSurrogate(s.charAt(56)) ? 56 : 57) + "...";
    }

    /// What makes a text none that can be written or passed on, for a message; null where nothing does. JSON may spell both: no file's name has a NUL
    /// in it, and half of a surrogate pair is no character.
    public static String fault(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) return "found U+0000 as character " + (i + 1) + ", wanted text without it";
            if (!Character.isSurrogate(c)) continue;
            if (Character.isLowSurrogate(c) || i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))) {
                return String.format(Locale.ROOT, "found U+%04X as character %d, half of a surrogate pair; wanted both", (int) c, i + 1);
            }
            i++;
        }
        return null;
    }

    /// By the name's ending; the file is not opened.
    public static boolean isParquet(Path file) { return file.toString().toLowerCase(Locale.ROOT).endsWith(PARQUET); }

    /// Says how to make of a parquet file what can be read in any case; to be typed in its folder.
    public static String asJsonLines(Path file) {
        String name = file.getFileName().toString();
        return "write the same records as JSON lines once, for example in its folder with\n  python -c \"import pandas; pandas.read_parquet('"
                + name + "').to_json('" + name.substring(0, name.length() - PARQUET.length())
                        + ".jsonl', orient='records', lines=True)\"\n(pip install pandas pyarrow)";
    }

    /// @param wanted what the file should hold, for the complaint when there is none
    /// @throws DataException no such file, not UTF-8, or unreadable
    public static String of(Path file, String wanted) {
        try {
            if (isParquet(file) && Files.exists(file))
                throw new DataException(file, 1, "", "of parquet files only a benchmark's annotations are read; " + asJsonLines(file));
            if (Files.isDirectory(file)) throw new DataException(file, 1, "", "found a folder, wanted " + wanted);
            return Utf8Text.of(Files.readAllBytes(file));
        } catch (Utf8Text.Malformed e) {
            throw new DataException(file, e.line(), "", e.getMessage());
        } catch (NoSuchFileException _) {
            throw new DataException(file, 0, "", "no such file, wanted " + wanted);
        } catch (IOException e) {
            throw new DataException(file, 0, "", "cannot be read: " + IoReason.of(e));
        }
    }

    /// The one object that a file holds.
    ///
    /// @param wanted as for [#of]
    public static JsonNode object(Path file, String wanted) {
        try {
            JsonNode node = JSON.readTree(of(file, wanted));
            if (!node.isObject()) throw new DataException(file, 1, "", "found " + node.getNodeType() + ", wanted " + wanted);
            return node;
        } catch (JsonProcessingException e) {
            throw new DataException(file, e.getLocation() == null ? 1 : e.getLocation().getLineNr(), "", "not JSON: " + JsonFault.of(e));
        }
    }

    /// Reads one object a line.
    ///
    /// @param wanted what would be right, for the complaint about what is no JSON
    public static void lines(Path file, String text, String wanted, Taker taker) {
        if (text.isBlank()) throw new DataException(file, 0, "", "found nothing, wanted " + wanted);
        String[] lines = text.stripTrailing().split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            JsonNode node;
            try {
                node = JSON.readTree(lines[i]);
            } catch (JsonProcessingException e) {
                throw new DataException(file, i + 1, "", "not JSON: " + JsonFault.of(e) + "; wanted " + wanted);
            }
            if (!node.isObject())
                throw new DataException(file, i + 1, "", (lines[i].isBlank() ? "empty line" : "found " + node.getNodeType())
                        + ", wanted one JSON object");
            taker.take(i + 1, node);
        }
    }

    /// Reads the objects of an array, one after the other.
    ///
    /// @param wanted end of the complaint about an element, of that number from 1, which is no object
    public static void array(Path file, String text, IntFunction<String> wanted, Taker taker) {
        int line = 1;
        try (JsonParser parser = ELEMENTS.createParser(text)) {
            parser.nextToken();
            for (int number = 1; parser.nextToken() != JsonToken.END_ARRAY; number++) {
                line = parser.currentTokenLocation().getLineNr();
                JsonNode node = parser.readValueAsTree();
                if (!node.isObject()) throw new DataException(file, line, "", "found " + node.getNodeType() + wanted.apply(number));
                taker.take(line, node);
            }
            if (parser.nextToken() != null)
                throw new DataException(file, parser.currentTokenLocation().getLineNr(), "", "text after the closing ], wanted none");
        } catch (JsonProcessingException e) {
            throw new DataException(file, e.getLocation() == null ? line : e.getLocation().getLineNr(), "", "not JSON: " + JsonFault.of(e));
        } catch (IOException e) {
            throw new DataException(file, line, "", "cannot be read: " + IoReason.of(e));
        }
    }
}
