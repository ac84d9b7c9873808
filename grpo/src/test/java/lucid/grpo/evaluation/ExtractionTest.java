package lucid.grpo.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import lucid.grpo.evaluation.Extraction.Found;
import lucid.video.benchmark.BenchmarkQuestion.Choice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Expected letters were got from the rules of the published scripts, case by case.
class ExtractionTest {
    private static final List<Choice> CHOICES = List.of(new Choice("A", "Red ring"), new Choice("B", "Blue bar"), new Choice("C", "Car"),
            new Choice("D", "Two dogs"));

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "<think>x</think> <answer> C </answer>|C|LETTER", "<answer>c. car</answer>|C|LETTER", "<answer>(B) Blue</answer>|B|LETTER",
                "<answer>it is (b)</answer>|B|LETTER",
        // The first letter wins, also where it begins a word: published.
        "<answer>Blue (C)</answer>|B|LETTER", "<answer>dogs</answer>|D|LETTER", "<answer>the (D) or (A)</answer>|A|LETTER",
        // The first pair of tags counts.
        "<answer>A</answer><answer>B</answer>|A|LETTER", "<answer>unknown</answer>||NO_LETTER", "<answer>  </answer>||EMPTY",
                "<answer></answer>||EMPTY", "C||NO_TAGS", "<answer>C||NO_TAGS"})
    void reasoning(String text, String letter, Found found) { assertEquals(new Extraction(letter, found), Extraction.ofReasoning(text, CHOICES)); }

    @Test void aLineBreakBesideTheLetterIsNoHarmButInsideItIs() {
        assertEquals("C", Extraction.ofReasoning("<answer>\nC\n</answer>", CHOICES).letter());
        assertEquals(Found.NO_TAGS, Extraction.ofReasoning("<answer>C\nor D</answer>", CHOICES).found());
    }

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "B|B", "B.|B", "'C'|C", "..D|D", "(B)|B", "it is (C), not (B)|B", "it may be A or C|C", "well, A|A", "the thing in the clip is a car|C",
                "first a RED RING and then two dogs|D", "a car|",
        "b|", "no idea|"})
    void direct(String text, String letter) { assertEquals(letter, Extraction.ofDirect(text, CHOICES).letter(), text); }

    @Test void blocks() {
        assertEquals("C", Extraction.answer("<think> x </think> <answer> C </answer>"));
        assertNull(Extraction.answer("<answer> C\nD </answer>"), "no line break inside, as published");
        assertEquals("a\nb", Extraction.think("<think> a\nb </think>"));
        assertNull(Extraction.think("no block"));
    }

    @Test void theLastMentionCountsWherePunctuationComesOff() {
        assertEquals("C", Extraction.ofDirect("I would say B but also C", CHOICES).letter());
        assertEquals(Found.NO_LETTER, Extraction.ofDirect("", CHOICES).found());
    }
}
