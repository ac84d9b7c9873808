package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.Test;

/// Damaged texts: each gives an error that says where, or a run; never another exception, a hang, or memory without bound.
class TextFuzzTest {
    private static final int TEXTS = 5000;
    private static final int BUDGET = 20_000;
    private static final long MOST_SECONDS = 20;
    private static final long MOST_BYTES = 2L << 30;
    private static final Pattern WORD = Pattern.compile("[%\\w.:]+|[^\\s\\w]");
    private static final List<String> NUMBERS = List.of("0", "-1", "1", "3", "31", "33", "255", "4096", "65537", "2147483647", "4294967295",
            "0xFFFFFFFFFFFFFFFF", "99999999999999999999", "0f7FC00000", "1e400");

    private final List<CorpusCase> cases = Corpus.names().stream()
            .map(kernel -> Cases.of(kernel).stream().min(Comparator.comparingInt(TextFuzzTest::threads)).orElseThrow()).toList();

    private static int threads(CorpusCase c) {
        return c.grid()[0] * c.grid()[1] * c.grid()[2] * c.block()[0] * c.block()[1];
    }

    @Test void damagedTextsGiveAnErrorOrARun() {
        int refused = 0;
        int ran = 0;
        int found = 0;
        List<String> bad = new ArrayList<>();
        for (int seed = 0; seed < TEXTS; seed++) {
            var random = new SplittableRandom(seed);
            CorpusCase c = cases.get(random.nextInt(cases.size()));
            String text = damaged(Corpus.text(c.kernel()), random);
            long begin = System.nanoTime();
            long allocated = allocated();
            try {
                Outcome outcome = Emulation.run("fuzz.ptx", text, c, Emulation.Adversary.some().get(random.nextInt(4)), BUDGET);
                ran++;
                found += outcome.clean() ? 0 : 1;
            } catch (PtxSyntaxException e) {
                refused++;
                if (e.line() < 1 || e.line() > text.lines().count() + 1 || !e.getMessage().startsWith("fuzz.ptx:"))
                    bad.add("seed " + seed + ": " + e.getMessage());
            } catch (IllegalArgumentException e) {
                refused++;
                if (e.getMessage() == null || e.getMessage().length() < 20) bad.add("seed " + seed + " of " + c.kernel() + ": " + e);
            } catch (RuntimeException | Error e) {
                bad.add("seed " + seed + " of " + c.kernel() + ": " + e + " at " + java.util.Arrays.stream(e.getStackTrace())
                        .map(StackTraceElement::toString).filter(f -> f.startsWith("lucid")).findFirst().orElse("?"));
            }
            long seconds = (System.nanoTime() - begin) / 1_000_000_000L;
            if (seconds > MOST_SECONDS) bad.add("seed " + seed + " of " + c.kernel() + " took " + seconds + " s");
            if (allocated() - allocated > MOST_BYTES)
                bad.add("seed " + seed + " of " + c.kernel() + " took " + (allocated() - allocated >> 20) + " MB");
        }
        System.out.println("damaged texts: " + TEXTS + " tried, " + refused + " refused, " + ran + " ran, " + found + " of these with findings");
        assertEquals("", String.join("\n", bad));
        assertTrue(refused > TEXTS / 10 && found > TEXTS / 20, "the damage is of both kinds: " + refused + " refused, " + found + " found");
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    /// One fault or two: in characters, words, numbers or lines.
    private static String damaged(String text, SplittableRandom random) {
        String damaged = text;
        for (int i = 1 + random.nextInt(4) / 3; i > 0; i--) {
            damaged = switch (random.nextInt(6)) {
                case 0 -> character(damaged, random);
                case 1 -> lines(damaged, random);
                case 2 -> number(damaged, random);
                default -> word(damaged, random);
            };
        }
        return random.nextInt(20) == 0 ? damaged.substring(0, random.nextInt(damaged.length())) : damaged;
    }

    private static String character(String text, SplittableRandom random) {
        int at = random.nextInt(text.length());
        char c = (char) (random.nextInt(10) == 0 ? random.nextInt(0x3000) : 32 + random.nextInt(95));
        return text.substring(0, at) + c + text.substring(at + random.nextInt(2));
    }

    private static String lines(String text, SplittableRandom random) {
        List<String> lines = new ArrayList<>(text.lines().toList());
        String moved = lines.remove(random.nextInt(lines.size()));
        if (random.nextBoolean()) lines.add(random.nextInt(lines.size()), moved);
        return String.join("\n", lines) + "\n";
    }

    private static String number(String text, SplittableRandom random) {
        var matches = Pattern.compile("(?<![\\w%.])\\d+").matcher(text).results().toList();
        var one = matches.get(random.nextInt(matches.size()));
        return text.substring(0, one.start()) + NUMBERS.get(random.nextInt(NUMBERS.size())) + text.substring(one.end());
    }

    /// A word away, twice, or in place of another.
    private static String word(String text, SplittableRandom random) {
        var words = WORD.matcher(text).results().toList();
        var one = words.get(random.nextInt(words.size()));
        var other = words.get(random.nextInt(words.size())).group();
        String with = switch (random.nextInt(3)) {
            case 0 -> "";
            case 1 -> one.group() + " " + one.group();
            default -> other;
        };
        return text.substring(0, one.start()) + with + text.substring(one.end());
    }
}
