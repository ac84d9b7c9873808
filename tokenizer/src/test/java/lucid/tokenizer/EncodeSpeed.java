package lucid.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Measures encoding of English-like text on one thread; run it by hand: `java -cp ... lucid.tokenizer.EncodeSpeed [MB]`.
///
/// Words follow Zipf's law over 50,000 made-up words, so that the cache meets a realistic tail of words it has not seen.
public final class EncodeSpeed {
    private EncodeSpeed() {}

    static void main(String[] arguments) {
        int megabytes = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8;
        String text = english(megabytes << 20, 50_000);
        Tokenizer tokenizer = Qwen2Vocabulary.tokenizer();
        for (int round = 0; round < 6; round++) {
            long start = System.nanoTime();
            int[] ids = tokenizer.encode(text);
            double encode = (System.nanoTime() - start) / 1e9;
            start = System.nanoTime();
            int length = tokenizer.decode(ids, false).length();
            double decode = (System.nanoTime() - start) / 1e9;
            System.out.printf("encode %.1f MB/s  decode %.1f MB/s  %d chars -> %d ids%n", text.length() / encode / 1e6, length / decode / 1e6,
                    text.length(), ids.length);
        }
    }

    static String english(int bytes, int vocabulary) {
        Random random = new Random(1);
        String[] syllables = "the and ing ion ther ly con re pro man tion ent wa sh be lo ver ba ti mo st er in a o un ple qu ick com".split(" ");
        String[] words = new String[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            StringBuilder word = new StringBuilder();
            for (int n = 1 + random.nextInt(Math.min(4, 1 + i / 50)); n > 0; n--) word.append(syllables[random.nextInt(syllables.length)]);
            words[i] = word.toString();
        }
        StringBuilder text = new StringBuilder(bytes + 100);
        while (text.length() < bytes) {
            // exp(u * ln V) - 1 has density 1/(rank + 1): Zipf's law.
            int rank = (int) Math.exp(random.nextDouble() * Math.log(vocabulary)) - 1;
            text.append(words[rank]);
            int stop = random.nextInt(40);
            text.append(stop == 0 ? ".\n" : stop == 1 ? ", " : stop == 2 ? " 27 " : " ");
        }
        String result = text.toString();
        if (result.getBytes(StandardCharsets.UTF_8).length != result.length()) throw new AssertionError("the text is meant to be ASCII");
        return result;
    }
}
