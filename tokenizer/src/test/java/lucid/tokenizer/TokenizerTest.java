package lucid.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.text.Normalizer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

class TokenizerTest {
    private final Tokenizer qwen = Qwen2Vocabulary.tokenizer();

    @ParameterizedTest
    @CsvSource(ignoreLeadingAndTrailingWhitespace = false, value = {
        "Hello world,9707 1879", " Hello world,21927 1879", " <think>,366 26865 29", "<think>,13708 766 29", " </think>,690 26865 29",
                "</think>,522 26865 29",
        " <answer> C </answer>,366 9217 29 356 690 9217 29", "<answer>C</answer>,27 9217 25630 522 9217 29", " ASSISTANT:,35560 3846 2821 25",
                "'\n',198"})
    void encodesWhatUpstreamDocuments(String text, String ids) {
        assertArrayEquals(Arrays.stream(ids.split(" ")).mapToInt(Integer::parseInt).toArray(), qwen.encode(text));
    }

    @Test
    void idOfAMergedTokenIs256PlusItsRank() {
        List<Merge> merges = qwen.model().merges();
        assertEquals(151_387, merges.size());
        for (int rank = 0; rank < merges.size(); rank++) assertEquals(256 + rank, merges.get(rank).result());
        assertEquals(151_665, qwen.vocabSize());
        assertEquals(151_643, qwen.eosId());
        assertEquals(151_656, qwen.addedId("<|video_pad|>").orElseThrow());
        assertEquals("Ġthe", qwen.token(279));
        assertTrue(qwen.addedId("<think>").isEmpty());
    }

    @Test
    void textOfOneTokenIsReadable() {
        assertEquals(" the", qwen.text(279));
        assertEquals("\n", qwen.text(198));
        assertEquals("", qwen.text(qwen.vocabSize()), "a row of a larger head");
        assertEquals("<|im_end|>", qwen.text(qwen.addedId("<|im_end|>").orElseThrow()));
        assertEquals("\\xF0", qwen.text(172));   // the first 256 ids are bytes; those from 0xAE on begin at 106
    }

    @Test
    void decodingUndoesEncoding() {
        Random random = new Random(7);
        int[][] planes = {{0x20, 0x7F}, {0, 0x300}, {0x300, 0x3000}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}, {0x1F300, 0x1FAFF}, {0xE000, 0x10FFFF}};
        for (int round = 0; round < 3000; round++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(60); length > 0; length--) {
                int[] plane = planes[random.nextInt(planes.length)];
                if (random.nextInt(20) == 0) text.append(random.nextBoolean() ? "<|im_end|>" : "  \r\n 's");
                text.appendCodePoint(plane[0] + random.nextInt(plane[1] - plane[0]));
            }
            String normal = qwen.normalize(text.toString());
            int[] ids = qwen.encode(text.toString());
            assertEquals(normal, qwen.decode(ids, false));
            assertEquals(normal.getBytes(java.nio.charset.StandardCharsets.UTF_8).length, IntStream.of(ids).map(qwen::byteLength).sum());
            StringBuilder streamed = new StringBuilder();
            StreamingDecoder stream = qwen.stream(false);
            for (int id : ids) streamed.append(stream.accept(id));
            if (stream.pendingBytes() == 0) assertEquals(normal, streamed.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "z", " ", "\n", "!", "7", "é", "中", "🙂", " \n", "'s", "<", "<|", "ab", "e\u0301", "\uFB2C"})
    void aMegabyteOfOneThingIsQuick(String unit) {
        String text = unit.repeat((1 << 20) / unit.length());
        String normal = Normalizer.normalize(text, Normalizer.Form.NFC);
        assertTimeout(Duration.ofSeconds(10), () -> assertEquals(normal, qwen.decode(qwen.encode(text), false)));
    }

    /// The JDK's normaliser alone would take a quarter of an hour here.
    @Test
    void aMegabyteOfUnorderedMarksIsQuick() {
        int n = 1 << 18;
        String text = "e" + "\u0301\u0323".repeat(n);
        String wanted = "\u1EB9" + "\u0323".repeat(n - 1) + "\u0301".repeat(n);
        assertTimeout(Duration.ofSeconds(20), () -> assertEquals(wanted, qwen.decode(qwen.encode(text), false)));
    }

    @Test
    void longRunsOfMarksNormaliseAsShortOnesDo() {
        int[] marks = IntStream.range(0x300, 0x20000).filter(cp -> Character.getType(cp) == Character.NON_SPACING_MARK).toArray();
        Random random = new Random(11);
        for (int round = 0; round < 300; round++) {
            StringBuilder text = new StringBuilder("x\u00e9");
            for (int n = 50 + random.nextInt(100); n > 0; n--)
                text.appendCodePoint(random.nextInt(60) == 0 ? 0x034F : marks[random.nextInt(round % 2 == 0 ? 100 : marks.length)]);
            text.append("y");
            String sorted = CombiningOrder.sortLongRuns(text.toString());
            assertEquals(Normalizer.normalize(text, Normalizer.Form.NFC), Normalizer.normalize(sorted, Normalizer.Form.NFC));
        }
    }

    /// The short scan and the heap must agree; a piece of 40 and the same piece embedded in 100 take different roads.
    @Test
    void heapAndScanMergeAlike() {
        Random random = new Random(3);
        Tokenizer small = new BpeTrainer(330, 1, List.of()).train(List.of("abababcabcabcaabbccaabbccabacabad".repeat(3), "aaaa bbbb aaab abba"))
                .tokenizer();
        MergeTable table = new MergeTable(8);
        for (Merge merge : small.model().merges()) table.add(merge.left(), merge.right(), merge.result());
        for (int round = 0; round < 500; round++) {
            int n = 49 + random.nextInt(100);
            int[] symbols = random.ints(n, 0, 4).map(i -> small.model().idOfByte("abcd".charAt(i))).toArray();
            int[] slow = textbook(small.model().merges(), symbols);
            assertArrayEquals(slow, Arrays.copyOf(symbols, table.merge(symbols, n)));
            int[] head = Arrays.copyOf(symbols, 0);
            assertEquals(0, table.merge(head, 0));
        }
        int[] brief = random.ints(40, 0, 4).map(i -> small.model().idOfByte("abcd".charAt(i))).toArray();
        assertArrayEquals(textbook(small.model().merges(), brief), Arrays.copyOf(brief, table.merge(brief, 40)));
    }

    /// Merge after merge, in order of rank, each from left to right.
    private static int[] textbook(List<Merge> merges, int[] symbols) {
        int[] now = symbols.clone();
        for (Merge merge : merges) {
            IntList out = new IntList(now.length);
            for (int i = 0; i < now.length; i++) {
                boolean here = i + 1 < now.length && now[i] == merge.left() && now[i + 1] == merge.right();
                out.add(here ? merge.result() : now[i]);
                if (here) i++;
            }
            now = out.toArray();
        }
        return now;
    }

    @Test
    void refusesWhatHasNoBytes() {
        String half = assertThrows(IllegalArgumentException.class, () -> qwen.encode("ok \ud83d")).getMessage();
        assertTrue(half.contains("U+D83D") && half.contains("ok"), half);
        String far = assertThrows(IllegalArgumentException.class, () -> qwen.decode(new int[] {151_900}, false)).getMessage();
        assertTrue(far.contains("151900") && far.contains("151664"), far);
        assertThrows(IllegalArgumentException.class, () -> qwen.stream(true).accept(-1));
    }

    @Test
    void oneTokenizerServesManyThreads() {
        String text = "The girl puts the apple into the basket, doesn't she? 12345 中文 🙂 ".repeat(50);
        int[] expected = qwen.encode(text);
        IntStream.range(0, 200).parallel().forEach(_ -> assertArrayEquals(expected, qwen.encode(text)));
    }
}
