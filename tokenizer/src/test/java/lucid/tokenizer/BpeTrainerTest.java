package lucid.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.TokenizerJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/// The golden cases hold the trainer to recorded merges (see TokenizerParityTest); these hold it to its own definition on other text.
class BpeTrainerTest {
    private static List<String> corpus(long seed) {
        Random random = new Random(seed);
        String[] words = {"the", "red", "circle", "square", "moves", "left", "right", "then", "first", "What", "colour", "aaaa", "aaa",
                "é", "1", "\n"};
        List<String> corpus = new ArrayList<>();
        for (int line = 0; line < 60; line++) {
            StringBuilder text = new StringBuilder();
            for (int word = random.nextInt(12); word >= 0; word--)
                text.append(words[random.nextInt(words.length)]).append(random.nextInt(5) == 0 ? ". " : " ");
            corpus.add(text.toString());
        }
        return corpus;
    }

    /// Recounts every pair of every piece in every round.
    private static List<Merge> textbook(List<String> corpus, Tokenizer bytes, int merges, int minFrequency) {
        List<int[]> words = new ArrayList<>();
        for (String text : corpus) for (String piece : bytes.pieces(text)) words.add(bytes.encode(piece));
        List<Merge> learnt = new ArrayList<>();
        while (learnt.size() < merges) {
            var counts = new java.util.TreeMap<Long, Integer>();
            for (int[] word : words) for (int i = 0; i + 1 < word.length; i++) counts.merge((long) word[i] << 32 | word[i + 1], 1, Integer::sum);
            long best = -1;
            // Keys ascend by left id, then right id, so that the first of the largest wins.
            for (var entry : counts.entrySet()) if (best < 0 || entry.getValue() > counts.get(best)) best = entry.getKey();
            if (best < 0 || counts.get(best) < minFrequency) break;
            Merge merge = new Merge((int) (best >>> 32), (int) best, bytes.vocabSize() + learnt.size());
            learnt.add(merge);
            words.replaceAll(word -> {
                IntList out = new IntList(word.length);
                for (int i = 0; i < word.length; i++) {
                    boolean here = i + 1 < word.length && word[i] == merge.left() && word[i + 1] == merge.right();
                    out.add(here ? merge.result() : word[i]);
                    if (here) i++;
                }
                return out.toArray();
            });
        }
        return learnt;
    }

    @Test
    void learnsWhatRecountingEveryRoundLearns() {
        for (int seed = 0; seed < 5; seed++) {
            List<String> corpus = corpus(seed);
            Tokenizer bytes = new BpeTrainer(257, 1, List.of("<|endoftext|>")).train(List.of()).tokenizer();
            Tokenizer trained = new BpeTrainer(340, 2, List.of("<|endoftext|>")).train(corpus).tokenizer();
            // Two merges that spell the same token share one id, which the textbook does not; such a corpus would not compare.
            List<Merge> merges = trained.model().merges();
            assertEquals(merges.size(), merges.stream().map(Merge::result).distinct().count());
            assertEquals(textbook(corpus, bytes, 340 - 257, 2), merges);
            assertEquals(merges, new BpeTrainer(340, 2, List.of("<|endoftext|>")).train(corpus).tokenizer().model().merges());
        }
    }

    @Test
    void theDemosVocabularySurvivesItsFile(@TempDir Path folder) throws IOException {
        List<String> corpus = IntStream.range(0, 20).mapToObj(BpeTrainerTest::corpus).flatMap(List::stream).toList();
        Tokenizer trained = new BpeTrainer(500, 2, List.of("<|endoftext|>")).train(corpus).tokenizer();
        assertEquals(0, trained.eosId());
        assertTrue(trained.vocabSize() > 300 && trained.vocabSize() <= 500, "vocabulary of " + trained.vocabSize());
        Path file = folder.resolve("tokenizer.json");
        TokenizerJson.write(trained, file);
        Tokenizer read = TokenizerFiles.load(folder);
        assertEquals(trained.vocabSize(), read.vocabSize());
        assertEquals(trained.eosId(), read.eosId());
        for (String text : corpus) {
            String ended = text + "<|endoftext|> 中🙂";
            assertArrayEquals(trained.encode(ended), read.encode(ended));
            assertEquals(ended, read.decode(read.encode(ended), false));
        }
        assertArrayEquals(TokenizerJson.toBytes(trained), TokenizerJson.toBytes(read));
    }

    @Test
    void refusesImpossibleSizes() {
        String small = assertThrows(IllegalArgumentException.class, () -> new BpeTrainer(256, 1, List.of("<e>"))).getMessage();
        assertTrue(small.contains("256") && small.contains("257"), small);
        assertThrows(IllegalArgumentException.class, () -> new BpeTrainer(300, 0, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new BpeTrainer(300, 1, List.of("<e>", "<e>")));
        assertThrows(IllegalArgumentException.class, () -> new BpeTrainer(300, 1, List.of("a")));
        String none = assertThrows(IllegalStateException.class, () -> new BpeTrainer(256, 1, List.of()).train(List.of()).tokenizer().eosId())
                .getMessage();
        assertTrue(none.contains("end token"), none);
    }
}
