package lucid.grpo.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Damages a file, the same way for the same seed: its bytes, the structure of its text, or one part of a container whose lengths and checksums are
/// then mended, so that the damage gets past the first check.
final class Damage {
    private static final String[] VALUES = {"-1", "0", "1", "null", "true", "false", "[]", "{}", "\"\"", "1.5", "0.0", "-0", "1e999", "-1e999",
            "1e-999", "2147483647", "2147483648", "-2147483649", "4294967296",
        "9223372036854775807", "9223372036854775808", "1" + "0".repeat(400), "NaN", "Infinity", "01", "0x10", "\"8\"", "\"../../x\"", "\"\\u0000\"",
                "\"\\ud800\"", "\"/etc/passwd\"", "\"nul\""};

    private final Random random;

    Damage(long seed) { random = new Random(seed * 0x9E3779B97F4A7C15L ^ 0x5DEECE66DL); }

    byte[] of(Format.Kind kind, byte[] original) {
        byte[] out = original;
        for (int i = 1 + random.nextInt(3); i > 0 && out.length > 0; i--) out = once(kind, out);
        return out;
    }

    private byte[] once(Format.Kind kind, byte[] b) {
        boolean plain = random.nextInt(3) == 0;
        return switch (kind) {
            case TEXT -> plain ? bytes(b) : text(b);
            case BYTES -> bytes(b);
            case SAFETENSORS -> plain ? bytes(b) : header(b);
            case ZIP -> plain ? bytes(b) : entry(b);
        };
    }

    private byte[] bytes(byte[] original) {
        byte[] b = original.clone();
        int at = random.nextBoolean() ? random.nextInt(b.length) : random.nextBoolean() ? random.nextInt(Math.min(64, b.length))
                : b.length - 1 - random.nextInt(Math.min(128, b.length));
        int count = 1 + random.nextInt(Math.min(64, b.length - at));
        switch (random.nextInt(8)) {
            case 0, 1 -> b[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> b[at] = (byte) random.nextInt(256);
            case 3 -> b = Arrays.copyOf(b, at);
            case 4 -> b = splice(b, at, 0, Arrays.copyOfRange(b, at, at + count));
            case 5 -> b = splice(b, at, count, new byte[0]);
            case 6 -> Arrays.fill(b, at, at + count, (byte) (random.nextBoolean() ? 0 : 0xFF));
            default -> b = splice(b, at, 0, new byte[random.nextInt(16) == 0 ? 100_000 : count]);
        }
        return b;
    }

    private static byte[] splice(byte[] b, int at, int removed, byte[] put) {
        return ByteBuffer.allocate(b.length - removed + put.length).put(b, 0, at).put(put).put(b, at + removed, b.length - at - removed).array();
    }

    // One character is one byte here, so that any bytes survive it.
    private byte[] text(byte[] b) {
        if (b.length == 0) return b;
        String s = new String(b, StandardCharsets.ISO_8859_1);
        int from = boundary(s, random.nextInt(s.length()));
        int to = boundary(s, from + 1);
        String part = s.substring(from, to);
        String changed = switch (random.nextInt(12)) {
            case 0 -> s.substring(0, to) + part + s.substring(to);
            case 1 -> s.substring(0, from) + s.substring(to);
            case 2 -> s.substring(0, from) + s.substring(to, boundary(s, to + 1)) + part + s.substring(boundary(s, to + 1));
            case 3, 4, 5 -> value(s, VALUES[random.nextInt(VALUES.length)]);
            case 6, 7 -> number(s);
            case 8 -> deep(s);
            case 9 -> value(s, "\"" + "x".repeat(1 << random.nextInt(19)) + "\"");
            case 10 -> random.nextBoolean() ? s + part : "\u00EF\u00BB\u00BF" + s;
            default -> random.nextInt(4) == 0 ? new String(s.getBytes(StandardCharsets.UTF_16LE), StandardCharsets.ISO_8859_1) : s.substring(0, from)
                    + (char) (128 + random.nextInt(128)) + s.substring(from);
        };
        return changed.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static int boundary(String s, int from) {
        int at = Math.min(from, s.length());
        while (at < s.length() && ",{}[]\n".indexOf(s.charAt(at)) < 0) at++;
        return at;
    }

    /// Puts something in the place of the value behind a colon, a comma or a blank.
    private String value(String s, String put) {
        int from = random.nextInt(s.length());
        while (from < s.length() && ":, ".indexOf(s.charAt(from)) < 0) from++;
        from = Math.min(from + 1, s.length());
        while (from < s.length() && s.charAt(from) == ' ') from++;
        int to = from;
        while (to < s.length() && ",}]\n".indexOf(s.charAt(to)) < 0) to++;
        return s.substring(0, from) + put + s.substring(to);
    }

    /// A number becomes its neighbour, its double, or another number of the file: offsets overlap, counts disagree.
    private String number(String s) {
        int from = random.nextInt(s.length());
        while (from < s.length() && !Character.isDigit(s.charAt(from))) from++;
        int to = from;
        while (to < s.length() && to < from + 15 && Character.isDigit(s.charAt(to))) to++;
        if (from == to) return s;
        long n = Long.parseLong(s.substring(from, to));
        long other = switch (random.nextInt(5)) {
            case 0 -> n + 1;
            case 1 -> Math.max(0, n - 1);
            case 2 -> n * 2;
            case 3 -> n + 4L * random.nextInt(1000);
            default -> random.nextInt(1 << random.nextInt(31));
        };
        return s.substring(0, from) + other + s.substring(to);
    }

    private String deep(String s) {
        int depth = 1 << random.nextInt(17);
        return switch (random.nextInt(3)) {
            case 0 -> value(s, "[".repeat(depth) + "]".repeat(depth));
            case 1 -> value(s, "{\"a\":".repeat(depth) + "1" + "}".repeat(depth));
            default -> "[".repeat(depth) + s;
        };
    }

    /// Damages the header's text and says its new length; now and then a length that lies.
    private byte[] header(byte[] b) {
        if (b.length < 8) return bytes(b);
        long length = ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length <= 0 || length > b.length - 8) return bytes(b);
        byte[] text = text(Arrays.copyOfRange(b, 8, 8 + (int) length));
        long said = random.nextInt(8) == 0 ? 1L << random.nextInt(63) : text.length;
        return ByteBuffer.allocate(b.length - (int) length + text.length).order(ByteOrder.LITTLE_ENDIAN).putLong(said).put(text)
                .put(b, 8 + (int) length, b.length - 8 - (int) length).array();
    }

    /// Damages one entry and mends the checksums; or names one twice, drops it, adds one, compresses all.
    private byte[] entry(byte[] b) {
        try {
            Map<String, byte[]> entries = StoredZipWriter.read(b);
            if (entries.isEmpty()) return bytes(b);
            String name = entries.keySet().stream().sorted().toList().get(random.nextInt(entries.size()));
            byte[] data = entries.get(name);
            switch (random.nextInt(8)) {
                case 0 -> entries.remove(name);
                case 1 -> entries.put(name + (random.nextBoolean() ? "/../x" : "2"), data);
                case 2 -> {
                    return deflated(entries, random.nextInt(20) == 0 ? 64 << 20 : 1000);
                }
                case 3 -> entries.replaceAll((n, d) -> n.endsWith(".pkl") ? bytes(d) : d);
                default -> entries.replaceAll((n, d) -> n.endsWith(".pkl") && d.length > 0 || n.equals(name) && d.length > 0 ? bytes(d) : d);
            }
            return StoredZipWriter.write(new LinkedHashMap<>(entries), random.nextBoolean());
        } catch (IOException | IllegalArgumentException _) {
            // Earlier damage has left no archive to take apart.
            return bytes(b);
        }
    }

    private static byte[] deflated(Map<String, byte[]> entries, int zeros) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setLevel(1);
            for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(e.getKey()));
                zip.write(e.getValue());
            }
            zip.putNextEntry(new ZipEntry(entries.keySet().iterator().next().replaceFirst("/.*", "") + "/data/" + entries.size()));
            byte[] block = new byte[1 << 16];
            for (int i = 0; i < zeros; i += block.length) zip.write(block);
        }
        return out.toByteArray();
    }
}
