package lucid.grpo.fuzz;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A kind of file that Lucid reads from outsiders.
///
/// @param file   its name in the folder, which a refusal must say
/// @param beside what else lies in the folder, by name
record Format(String name, Kind kind, String file, byte[] original, Map<String, byte[]> beside, Reader reader) {
    /// How it is damaged.
    enum Kind { TEXT, BYTES, SAFETENSORS, ZIP }

    /// Reads with Lucid; throws where Lucid refuses.
    interface Reader {
        Check read(Path folder) throws IOException;
    }

    /// Throws anything at all if what Lucid read is not what the file says.
    interface Check {
        void check(byte[] file) throws IOException;
    }

    static List<Format> all() throws IOException {
        return Stream.of(WeightFormats.all(), ConfigFormats.all(), TokenizerFormats.all()).flatMap(List::stream).toList();
    }

    static Map<String, byte[]> files(Object... namesAndBytes) {
        Map<String, byte[]> out = new LinkedHashMap<>();
        for (int i = 0; i < namesAndBytes.length; i += 2) out.put((String) namesAndBytes[i], (byte[]) namesAndBytes[i + 1]);
        return out;
    }

    static void same(Object wanted, Object found, String what) {
        boolean same = wanted instanceof BigDecimal w && found instanceof BigDecimal f ? w.compareTo(f) == 0 : wanted == null ? found == null
                : wanted.equals(found);
        if (!same) throw new AssertionError(what + ": the file says " + shown(wanted) + ", Lucid read " + shown(found));
    }

    private static String shown(Object o) {
        String s = o == StrictJson.NULL ? "null" : String.valueOf(o);
        return s.length() > 200 ? s.substring(0, 200) + "..." : s;
    }

    /// A member of an object as the second reader saw it; null if it is absent or null.
    static Object member(Map<?, ?> object, String key) {
        Object value = object.get(key);
        return value == StrictJson.NULL ? null : value;
    }
}
