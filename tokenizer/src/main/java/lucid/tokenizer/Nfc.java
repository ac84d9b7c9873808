package lucid.tokenizer;

import java.text.Normalizer;

/// Canonical composition as published tokenizers do it: with the tables of Unicode 9, whatever the JDK knows.
final class Nfc {
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
            if (UnicodeVersions.composesAfter9(cp)) {
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

    private static void checkSurrogates(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) continue;
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) i++;
            else throw new IllegalArgumentException(("encode: unpaired surrogate U+%04X in the text around '%s'; such a string has no UTF-8 form. "
                    + "Repair the input (it was probably cut inside a character)").formatted((int) c, text.substring(Math.max(0, i - 10), i)));
        }
    }
}
