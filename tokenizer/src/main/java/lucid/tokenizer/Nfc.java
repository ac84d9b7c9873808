package lucid.tokenizer;

import java.text.Normalizer;

/// Canonical composition as published tokenizers do it: with the tables of Unicode 12, whatever the JDK knows.
final class Nfc {
    /// Code points newer than Unicode 12 that compose, decompose or reorder in the JDK's tables. To older tables they are unassigned: they stand
    /// still and nothing moves across them. First and last of each range, ascending.
    private static final int[] NEWER = {
        0x0897, 0x089F, 0x08CA, 0x08D2, 0x0C3C, 0x0C3C, 0x1ABF, 0x1ADD, 0x1AE0, 0x1AEB, 0x1DFA, 0x1DFA, 0x105C0, 0x105FF, 0x10D69, 0x10D6D,
        0x10EAB, 0x10EAC, 0x10EFA, 0x10EFF, 0x10F82, 0x10F85, 0x11070, 0x11070, 0x11380, 0x113FF, 0x11930, 0x11930, 0x11935, 0x11935,
        0x11938, 0x11938, 0x1193D, 0x1193E, 0x11943, 0x11943, 0x11F41, 0x11F42, 0x16100, 0x1613F, 0x16D40, 0x16D7F, 0x16FF0, 0x16FF1,
        0x1E08F, 0x1E08F, 0x1E2AE, 0x1E2AE, 0x1E4EC, 0x1E4EF, 0x1E5EE, 0x1E5EF, 0x1E6E3, 0x1E6F5};

    private Nfc() {}

    /// `text` in NFC; the same object when it already is.
    static String normalize(String text) {
        int n = text.length();
        int plain = 0;
        // Below U+0300 nothing combines, and every code point is its own composition.
        while (plain < n && text.charAt(plain) < 0x300) plain++;
        if (plain == n) return text;
        checkSurrogates(text, plain);
        StringBuilder out = null;
        int segment = 0;
        for (int i = plain; i < n; ) {
            int cp = text.codePointAt(i);
            int length = Character.charCount(cp);
            if (isNewer(cp)) {
                if (out == null) out = new StringBuilder(n);
                out.append(compose(text.substring(segment, i))).appendCodePoint(cp);
                segment = i + length;
            }
            i += length;
        }
        return out == null ? compose(text) : out.append(compose(text.substring(segment))).toString();
    }

    /// `text` itself, once its surrogates are known to be paired.
    static String wellFormed(String text) {
        checkSurrogates(text, 0);
        return text;
    }

    private static String compose(String text) {
        String ordered = CombiningOrder.sortLongRuns(text);
        return Normalizer.isNormalized(ordered, Normalizer.Form.NFC) ? ordered : Normalizer.normalize(ordered, Normalizer.Form.NFC);
    }

    private static boolean isNewer(int cp) {
        if (cp < NEWER[0]) return false;
        for (int i = 0; i < NEWER.length && NEWER[i] <= cp; i += 2) {
            if (cp <= NEWER[i + 1]) return true;
        }
        return false;
    }

    private static void checkSurrogates(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) continue;
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) i++;
            else throw new IllegalArgumentException("encode: unpaired surrogate U+%04X in the text around '%s'; such a string has no UTF-8 form. Repair the input (it was probably cut inside a character)"
                .formatted((int) c, text.substring(Math.max(0, i - 10), i)));
        }
    }
}
