package lucid.tokenizer.parity;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.tokenizer.PreTokenizer;
import lucid.tokenizer.PreTokenizer.CharClass;
import lucid.tokenizer.StreamingDecoder;
import lucid.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Encoding, decoding, streaming, and the character classes under them.
final class VectorCases {
    /// Compares one recorded vector.
    interface Check {
        void run(CaseFile file, JsonNode vector, Tokenizer tokenizer);
    }

    private VectorCases() {}

    static void encode(CaseFile file, JsonNode vector, Tokenizer tokenizer) {
        String text = file.text(vector, "text");
        int[] ids = file.ints(file.need(vector, "ids"));
        file.compare("ids", tokenizer.encode(text), ids);
        file.compare("pieces", tokenizer.pieces(text), file.strings(file.need(vector, "pieces")));
        decode(file, vector, tokenizer, ids);
    }

    private static void decode(CaseFile file, JsonNode vector, Tokenizer tokenizer, int[] ids) {
        file.compare("decoded", tokenizer.decode(ids, false), file.text(vector, "decoded"));
        file.compare("decoded_skip", tokenizer.decode(ids, true), file.text(vector, vector.has("decoded_skip") ? "decoded_skip" : "decoded"));
    }

    static void stream(CaseFile file, JsonNode vector, Tokenizer tokenizer) {
        int[] ids = file.ints(file.need(vector, "ids"));
        decode(file, vector, tokenizer, ids);
        List<String> prefixes = new ArrayList<>();
        for (int n = 1; n <= ids.length; n++) prefixes.add(tokenizer.decode(Arrays.copyOf(ids, n), false));
        file.compare("prefix_decoded", prefixes, file.strings(file.need(vector, "prefix_decoded")));
        file.compare("stream", emitted(tokenizer.stream(false), ids), file.strings(file.need(vector, "stream")));
        file.compare("stream_skip", emitted(tokenizer.stream(true), ids),
                file.strings(file.need(vector, vector.has("stream_skip") ? "stream_skip" : "stream")));
    }

    private static List<String> emitted(StreamingDecoder decoder, int[] ids) {
        List<String> out = new ArrayList<>();
        for (int id : ids) {
            String text = decoder.accept(id);
            out.add(text.isEmpty() ? null : text);
        }
        return out;
    }

    static void classes(CaseFile file) {
        for (CharClass type : List.of(CharClass.LETTER, CharClass.NUMBER, CharClass.SPACE)) {
            String name = type.name().toLowerCase(Locale.ROOT);
            List<String> found = new ArrayList<>();
            for (int cp = 0, first = -1; cp <= Character.MAX_CODE_POINT + 1; cp++) {
                boolean in = cp <= Character.MAX_CODE_POINT && PreTokenizer.classOf(cp) == type;
                if (in && first < 0) first = cp;
                if (in || first < 0) continue;
                found.add(range(first, cp - 1));
                first = -1;
            }
            List<String> wanted = new ArrayList<>();
            for (JsonNode pair : file.need(file.root, name)) {
                int[] ends = file.ints(pair);
                wanted.add(range(ends[0], ends[1]));
            }
            file.compare("ranges of code points", found, wanted);
            file.row(name);
        }
    }

    private static String range(int first, int last) {
        return "U+%04X..U+%04X".formatted(first, last);
    }
}
