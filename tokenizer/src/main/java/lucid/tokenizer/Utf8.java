package lucid.tokenizer;

/// UTF-8 decoding with one U+FFFD per maximal ill-formed part (Unicode 16, 3.9, "U+FFFD substitution of maximal subparts").
///
/// The JDK's own decoder is not used because it answers an encoded surrogate (`ED A0 80`) with one U+FFFD where this rule,
/// and with it Rust, Python and the browsers, gives three.
final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    static String decode(byte[] bytes, int length) { return decode(bytes, length, false); }

    /// The same for bytes that may be a piece of a character: what is ill-formed stands byte by byte, as `\xE4`.
    static String escaped(byte[] bytes) { return decode(bytes, bytes.length, true); }

    private static String decode(byte[] bytes, int length, boolean escape) {
        StringBuilder out = new StringBuilder(length);
        for (int i = 0; i < length; ) {
            int b = bytes[i];
            if (b >= 0) {
                out.append((char) b);
                i++;
                continue;
            }
            int wanted = sequenceLength(b & 0xFF);
            int good = goodBytes(bytes, i, length, wanted);
            int end = i + Math.max(1, good);
            if (wanted > 0 && good == wanted) out.appendCodePoint(codePoint(bytes, i, wanted));
            else if (!escape) out.append(REPLACEMENT);
            else for (int at = i; at < end; at++) out.append(String.format("\\x%02X", bytes[at] & 0xFF));
            i = end;
        }
        return out.toString();
    }

    /// True when the bytes end in a whole, well-formed character that is not U+FFFD itself.
    ///
    /// Looking at the last four bytes is enough: a lead byte is never a continuation, so what stands before it cannot claim it.
    static boolean endsInWholeCharacter(byte[] bytes, int length) {
        int lead = length - 1;
        while (lead >= 0 && lead > length - 4 && (bytes[lead] & 0xC0) == 0x80) lead--;
        if (lead < 0) return false;
        int wanted = bytes[lead] >= 0 ? 1 : sequenceLength(bytes[lead] & 0xFF);
        if (wanted == 0 || lead + wanted != length) return false;
        if (wanted == 1) return true;
        return goodBytes(bytes, lead, length, wanted) == wanted && codePoint(bytes, lead, wanted) != REPLACEMENT;
    }

    /// Bytes of the sequence that `lead` opens, or 0 when no well-formed sequence starts with it.
    private static int sequenceLength(int lead) {
        if (lead >= 0xC2 && lead <= 0xDF) return 2;
        if (lead >= 0xE0 && lead <= 0xEF) return 3;
        return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
    }

    /// How many bytes from `at` on belong to a well-formed sequence of `wanted` bytes (Unicode table 3-7).
    private static int goodBytes(byte[] bytes, int at, int length, int wanted) {
        int good = 1;
        while (good < wanted && at + good < length) {
            int b = bytes[at + good] & 0xFF;
            int low = 0x80;
            int high = 0xBF;
            if (good == 1) {
                switch (bytes[at] & 0xFF) {
                    case 0xE0 -> low = 0xA0;
                    case 0xED -> high = 0x9F;
                    case 0xF0 -> low = 0x90;
                    case 0xF4 -> high = 0x8F;
                    default -> { }
                }
            }
            if (b < low || b > high) break;
            good++;
        }
        return wanted == 0 ? 0 : good;
    }

    private static int codePoint(byte[] bytes, int at, int length) {
        int cp = bytes[at] & (0x7F >> length);
        for (int i = 1; i < length; i++) cp = cp << 6 | bytes[at + i] & 0x3F;
        return cp;
    }
}
