package lucid.grpo.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTextTest {
    private static final String ANSWER = " <think> a < b, <thin air> </think>\n <answer> C. owl </answer> \n";

    private static String shown(String text, boolean styled, int pieces) {
        StringBuilder out = new StringBuilder();
        AnswerText a = new AnswerText(out::append, styled);
        for (int at = 0; at < text.length(); at += pieces) a.accept(text.substring(at, Math.min(text.length(), at + pieces)));
        a.finish();
        return out.toString();
    }

    @ParameterizedTest @ValueSource(ints = {1, 2, 3, 5, 100})
    void onATerminalThinkingIsDimAndTheAnswerBold(int pieces) {
        assertEquals("\u001B[2m<think> a < b, <thin air> </think>\u001B[0m\n \u001B[1m<answer> C. owl </answer>\u001B[0m",
                shown(ANSWER, true, pieces));
    }

    @ParameterizedTest @ValueSource(ints = {1, 2, 3, 5, 100})
    void elsewhereItIsTheStrippedText(int pieces) {
        assertEquals(ANSWER.strip(), shown(ANSWER, false, pieces));
        assertFalse(shown(ANSWER, false, pieces).contains("\u001B"));
    }

    @ParameterizedTest @ValueSource(ints = {1, 2, 3, 5, 100})
    void aContinuationIsAsItIs(int pieces) {
        StringBuilder out = new StringBuilder();
        AnswerText a = AnswerText.continuation(out::append);
        for (int at = 0; at < ANSWER.length(); at += pieces) a.accept(ANSWER.substring(at, Math.min(ANSWER.length(), at + pieces)));
        a.finish();
        assertEquals(ANSWER, out.toString());
    }

    @Test void aModelCannotCommandTheTerminal() {
        assertEquals("a^[[2Jb\n\tc^H", shown("a\u001B[2Jb\n\tc\b", true, 3));
        assertEquals("a^M ^Lb", shown("a\r \fb", true, 1));
        assertEquals("a\u001B[2Jb", shown("a\u001B[2Jb", false, 3));
    }

    @Test void whatIsLeftOpenIsClosed() {
        assertEquals("\u001B[2m<think> and so\u001B[0m", shown("<think> and so ", true, 4));
        assertEquals("C<", shown("C<", true, 1), "what might have become a tag");
        assertEquals("", shown(" \n ", true, 1));
    }

    @Test void nothingIsHeldBackLongerThanNeeded() {
        StringBuilder out = new StringBuilder();
        AnswerText a = new AnswerText(out::append, false);
        List<String> seen = List.of(" It", " is", " <", "b").stream().map(p -> {
            a.accept(p);
            return out.toString();
        }).collect(Collectors.toList());
        assertEquals(List.of("It", "It is", "It is", "It is <b"), seen);
    }
}
