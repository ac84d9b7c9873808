package lucid.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

class AddedTokensTest {
    private static final BpeModel BYTES = new BpeTrainer(256, 1, List.of()).train(List.of("")).tokenizer().model();

    private static Tokenizer tokenizer(boolean nfc, AddedToken... added) {
        return new Tokenizer(BYTES, List.of(added), nfc, null);
    }

    private static AddedToken raw(int id, String content) {
        return new AddedToken(256 + id, content, true);
    }

    private static AddedToken normalized(int id, String content) {
        return new AddedToken(256 + id, content, false, true);
    }

    /// The added tokens of `text`, counted from 0; -1 is a byte. As tokenizers 0.23.3 cuts it.
    private static void assertCut(Tokenizer tokenizer, String text, int... wanted) {
        int[] ids = tokenizer.encode(text);
        assertArrayEquals(wanted, IntStream.of(ids).map(id -> id < 256 ? -1 : id - 256).toArray(), text);
        assertEquals(tokenizer.normalize(text), tokenizer.decode(ids, false), text);
    }

    @Test
    void normalizedTokensAreFoundInTheNormalisedRest() {
        Tokenizer think = tokenizer(true, normalized(0, "<think>"), raw(1, "<th"), normalized(2, "x<t"));
        assertCut(tokenizer(true, normalized(0, "<think>")), "a<think>b", -1, 0, -1);
        // what is raw goes first, even where another begins before it
        assertCut(think, "x<think>", -1, 1, -1, -1, -1, -1);
        assertCut(think, "x<t", 2);
        assertCut(tokenizer(true, normalized(0, "<a>")), "<a>\u0338", -1, -1, -1, -1, -1);      // > and U+0338 are one character by then
        assertCut(tokenizer(true, raw(0, "<a>")), "<a>\u0338", 0, -1, -1);
    }

    @Test
    void aNormalizedTokenIsLookedForInItsOwnNormalForm() {
        Tokenizer decomposed = tokenizer(true, normalized(0, "cafe\u0301"));
        assertCut(decomposed, "caf\u00e9", 0);
        assertCut(decomposed, "cafe\u0301", 0);
        assertEquals("caf\u00e9", decomposed.decode(new int[] {256}, false));
        assertEquals("cafe\u0301", decomposed.token(256));
        Tokenizer both = tokenizer(true, raw(0, "cafe\u0301"), normalized(1, "caf\u00e9"));
        assertCut(both, "caf\u00e9cafe\u0301", 1, 0);
        assertCut(tokenizer(false, normalized(0, "cafe\u0301")), "caf\u00e9cafe\u0301", -1, -1, -1, -1, -1, 0);
        String same = assertThrows(IllegalArgumentException.class, () -> tokenizer(true, normalized(0, "caf\u00e9"), normalized(1, "cafe\u0301")))
                .getMessage();
        assertTrue(same.contains("id 256") && same.contains("id 257") && same.contains("normalised"), same);
    }

    @Test
    void specialDecidesWhatDecodingDrops() {
        Tokenizer tokenizer = tokenizer(true, normalized(0, "<a>"), new AddedToken(257, "<b>", true, true), raw(2, "<c>"));
        assertCut(tokenizer, "<a><b><c>", 0, 1, 2);
        assertEquals("<a>", tokenizer.decode(new int[] {256, 257, 258}, true));
    }

    @Test
    void theLeftmostAndOfTheseTheLongestIsFound() {
        Random random = new Random(5);
        for (int round = 0; round < 2000; round++) {
            Map<String, AddedToken> byText = new TreeMap<>();
            for (int n = random.nextInt(12); n > 0; n--) byText.put(word(random, 1 + random.nextInt(5)), raw(n, "t"));
            AddedTokens finder = new AddedTokens(byText);
            String text = word(random, random.nextInt(20));
            for (int from = 0; from <= text.length(); from++)
                assertEquals(slow(byText, text, from), finder.find(text, from), () -> byText.keySet() + " in " + text);
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) word.append("ab\u00e9".charAt(random.nextInt(3)));
        return word.toString();
    }

    private static AddedTokens.Match slow(Map<String, AddedToken> byText, String text, int from) {
        for (int i = from; i < text.length(); i++) {
            for (int length = text.length() - i; length > 0; length--) {
                AddedToken token = byText.get(text.substring(i, i + length));
                if (token != null) return new AddedTokens.Match(i, i + length, token);
            }
        }
        return null;
    }

    /// What is quadratic takes minutes here.
    @Test
    void aHundredThousandAddedTokensAreQuick() {
        List<AddedToken> added = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) added.add(raw(i, "<|audio_" + i + "|>"));
        Tokenizer tokenizer = assertTimeoutPreemptively(Duration.ofSeconds(5), () -> new Tokenizer(BYTES, added, true, null));
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            assertEquals(120_000, tokenizer.encode("a < b ".repeat(20_000)).length);
            StringBuilder text = new StringBuilder();
            for (AddedToken token : added) text.append(token.content());
            assertArrayEquals(IntStream.range(256, 100_256).toArray(), tokenizer.encode(text.toString()));
        });
        String unknown = assertThrows(IllegalArgumentException.class, () -> new Tokenizer(BYTES, added, true, "</s>")).getMessage();
        assertTrue(unknown.length() < 200, unknown);
    }
}
