package lucid.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/// Learns a byte-level BPE vocabulary from text; the same text always gives the same vocabulary.
///
/// Ids: special tokens in the order given, the 256 bytes by the code point of their stand-in character, then one id per merge. Each round merges
/// the adjacent pair of largest count; ties go to the smaller left id, then the smaller right id. Training ends when the vocabulary is full, no pair
/// is left, or the best count is below `minFrequency`. (Sennrich, Haddow, Birch 2016, with the tie rule of Hugging Face tokenizers.)
///
/// @param vocabSize     most tokens wanted, special tokens and bytes included
/// @param minFrequency  a pair rarer than this is not merged
/// @param specialTokens in the order of their ids; the first is the end token
public record BpeTrainer(int vocabSize, int minFrequency, List<String> specialTokens) {

    /// A trained vocabulary, and how often each merge's pair occurred when it was chosen.
    public record Trained(Tokenizer tokenizer, List<Long> mergeCounts) {}

    public BpeTrainer {
        specialTokens = List.copyOf(specialTokens);
        Set<String> seen = new HashSet<>();
        for (String special : specialTokens) {
            if (special.isEmpty()) throw new IllegalArgumentException("special token '': it is empty; wanted a text");
            if (special.length() == 1 && ByteLevel.byteOf(special.charAt(0)) >= 0)
                throw new IllegalArgumentException("special token '" + special + "': found the name of a byte; wanted a longer one");
            if (!seen.add(special)) throw new IllegalArgumentException("special token '" + special + "': found twice; wanted each once");
        }
        int least = 256 + specialTokens.size();
        if (vocabSize < least) throw new IllegalArgumentException("BpeTrainer: vocabSize " + vocabSize + " is too small; 256 bytes and "
            + specialTokens.size() + " special tokens alone are " + least);
        if (minFrequency < 1) throw new IllegalArgumentException("BpeTrainer: minFrequency " + minFrequency + "; it must be at least 1");
    }

    /// Trains on texts; no pair crosses from one to the next.
    public Trained train(Iterable<String> corpus) {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (String text : corpus) {
            char[] chars = Nfc.normalize(text).toCharArray();
            for (int from = 0, to; from < chars.length; from = to) {
                to = PreTokenizer.next(chars, from, chars.length);
                counts.merge(new String(chars, from, to - from), 1L, Long::sum);
            }
        }
        return new Run(counts).learn();
    }

    private record Candidate(long count, int left, int right) {
        static final Comparator<Candidate> BEST_FIRST = Comparator.comparingLong(Candidate::count).reversed()
            .thenComparingInt(Candidate::left).thenComparingInt(Candidate::right);
    }

    /// A pair's total count, and the words it has been seen in (a superset of those it is in now).
    private static final class Pair {
        long count;
        final IntList words = new IntList(8);

        void seenIn(int word) {
            if (words.size == 0 || words.items[words.size - 1] != word) words.add(word);
        }
    }

    /// The state of one training run.
    private final class Run {
        private final Map<String, Integer> vocab = new LinkedHashMap<>();
        private final List<String> tokens = new ArrayList<>();
        private final List<int[]> words = new ArrayList<>();
        private final long[] wordCounts;
        private final Map<Long, Pair> pairs = new HashMap<>();
        private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.BEST_FIRST);
        private final Set<Long> grown = new HashSet<>();

        Run(Map<String, Long> pieces) {
            specialTokens.forEach(this::idOf);
            List<Character> bytes = new ArrayList<>();
            for (int b = 0; b < 256; b++) bytes.add(ByteLevel.charOf(b));
            bytes.stream().sorted().forEach(c -> idOf(String.valueOf(c)));
            wordCounts = new long[pieces.size()];
            pieces.forEach((piece, count) -> {
                wordCounts[words.size()] = count;
                String standIn = ByteLevel.write(piece.getBytes(java.nio.charset.StandardCharsets.UTF_8));
                words.add(standIn.chars().map(c -> vocab.get(String.valueOf((char) c))).toArray());
            });
            for (int word = 0; word < words.size(); word++) count(word, +1);
            offerGrown();
        }

        private int idOf(String token) {
            return vocab.computeIfAbsent(token, t -> {
                tokens.add(t);
                return tokens.size() - 1;
            });
        }

        Trained learn() {
            List<Merge> merges = new ArrayList<>();
            List<Long> counts = new ArrayList<>();
            while (tokens.size() < vocabSize && !queue.isEmpty()) {
                Candidate best = queue.poll();
                Pair pair = pairs.get(key(best.left, best.right));
                if (pair.count != best.count) {
                    // The count fell since this entry was queued; an entry is only as good as its pair is now.
                    if (pair.count > 0) queue.add(new Candidate(pair.count, best.left, best.right));
                    continue;
                }
                if (best.count < minFrequency) break;
                int result = idOf(tokens.get(best.left) + tokens.get(best.right));
                merges.add(new Merge(best.left, best.right, result));
                counts.add(best.count);
                apply(best, result);
            }
            List<AddedToken> added = new ArrayList<>();
            for (String special : specialTokens) added.add(new AddedToken(vocab.get(special), special, true));
            String eos = specialTokens.isEmpty() ? null : specialTokens.getFirst();
            return new Trained(new Tokenizer(BpeModel.of(vocab, merges), added, true, eos), List.copyOf(counts));
        }

        private void apply(Candidate pair, int result) {
            IntList where = pairs.get(key(pair.left, pair.right)).words;
            for (int i = 0; i < where.size; i++) {
                int word = where.items[i];
                int[] merged = replace(words.get(word), pair.left, pair.right, result);
                if (merged == null) continue;
                count(word, -1);
                words.set(word, merged);
                count(word, +1);
            }
            offerGrown();
        }

        /// Every neighbouring pair counts, overlapping or not: `aaa` holds `aa` twice.
        private void count(int word, int sign) {
            int[] symbols = words.get(word);
            for (int i = 0; i + 1 < symbols.length; i++) {
                long key = key(symbols[i], symbols[i + 1]);
                Pair pair = pairs.computeIfAbsent(key, _ -> new Pair());
                pair.count += sign * wordCounts[word];
                if (sign > 0) {
                    pair.seenIn(word);
                    grown.add(key);
                }
            }
        }

        private void offerGrown() {
            for (long key : grown) {
                long count = pairs.get(key).count;
                if (count > 0) queue.add(new Candidate(count, (int) (key >>> 32), (int) key));
            }
            grown.clear();
        }
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    /// `symbols` with each `left right` replaced from left to right without overlap, or null where there is none.
    private static int[] replace(int[] symbols, int left, int right, int result) {
        IntList out = null;
        for (int i = 0; i < symbols.length; i++) {
            boolean here = symbols[i] == left && i + 1 < symbols.length && symbols[i + 1] == right;
            if (here && out == null) {
                out = new IntList(symbols.length);
                for (int j = 0; j < i; j++) out.add(symbols[j]);
            }
            if (out != null) out.add(here ? result : symbols[i]);
            if (here) i++;
        }
        return out == null ? null : out.toArray();
    }
}
