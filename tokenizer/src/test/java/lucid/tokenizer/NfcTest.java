package lucid.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.util.HexFormat;

class NfcTest {
    /// Marks with a combining class that came with Unicode 10 to 12.1, first and last of ranges. The published tokenizers' tables lack them.
    private static final int[] MARKS_OF_10_TO_12 = {
        0x07FD, 0x07FD, 0x08D3, 0x08D3, 0x09FE, 0x09FE, 0x0D3B, 0x0D3C, 0x0EBA, 0x0EBA, 0x1DF6, 0x1DF9, 0x10D24, 0x10D27, 0x10F46, 0x10F50,
        0x1133B, 0x1133B, 0x1145E, 0x1145E, 0x11839, 0x1183A, 0x119E0, 0x119E0, 0x11A34, 0x11A34, 0x11A47, 0x11A47, 0x11A99, 0x11A99,
        0x11D42, 0x11D42, 0x11D44, 0x11D45, 0x11D97, 0x11D97, 0x1E130, 0x1E136, 0x1E2EC, 0x1E2EF};
    /// Marks of Unicode 9 and of its neighbourhood, which do move.
    private static final int[] MARKS_OF_9 = {0x0301, 0x08D4, 0x08E1, 0x1DF5, 0x1DFB, 0x1E000, 0x1E02A, 0x11446, 0x1E8D0, 0x1E94A};

    private static String text(int... codePoints) {
        return new String(codePoints, 0, codePoints.length);
    }

    @Test
    void composesAsUnicode9Did() {
        assertEquals("\u00e9", Nfc.normalize("e\u0301"));
        String divesAkuru = text(0x11935, 0x11930);
        assertEquals(divesAkuru, Nfc.normalize(divesAkuru));
        assertEquals("\u00e9" + divesAkuru + "\u00e9", Nfc.normalize("e\u0301" + divesAkuru + "e\u0301"));
        assertEquals("\u1715\u0334", Nfc.normalize("\u1715\u0334"));
        assertEquals("e\u1715\u0301", Nfc.normalize("e\u1715\u0301"));
        assertTrue(!Normalizer.isNormalized(divesAkuru, Normalizer.Form.NFC), "the JDK's tables are newer, which is why Nfc exists");
    }

    @Test
    void marksAfterUnicode9StandStill() {
        for (int i = 0; i < MARKS_OF_10_TO_12.length; i += 2) {
            for (int mark = MARKS_OF_10_TO_12[i]; mark <= MARKS_OF_10_TO_12[i + 1]; mark++) {
                String name = "U+%04X".formatted(mark);
                for (String still : new String[] {text(0x345, mark), text(mark, 0x334), text('e', mark, 0x301), text(0x361, mark, 0x323)})
                    assertEquals(still, Nfc.normalize(still), name);
                assertEquals(text(0xe9, mark, 0x323), Nfc.normalize(text('e', 0x301, mark, 0x323)), name);
            }
        }
        for (int mark : MARKS_OF_9) assertEquals(text(mark, 0x345), Nfc.normalize(text(0x345, mark)), "U+%04X".formatted(mark));
    }

    /// Every code point alone, among marks that may move across it, and between a base and its mark. The digest is that of what `NFC().normalize_str`
    /// of tokenizers 0.23.3 makes of the same texts, each followed by a line end, in UTF-8.
    @Test
    void everyCodePointNormalisesAsInThePublishedTokenizers() throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (int cp = 0; cp <= Character.MAX_CODE_POINT; cp++) {
            if (cp == Character.MIN_SURROGATE) cp = Character.MAX_SURROGATE + 1;
            for (String text : new String[] {text(cp), text(0x361, cp, 0x323), text('e', cp, 0x301)})
                digest.update((Nfc.normalize(text) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        assertEquals("7d2c5d02449ee5d01d15a13a236f563fbe6db632cba01aa81c5b7318dca0373e", HexFormat.of().formatHex(digest.digest()));
    }
}
