package lucid.nn.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The decisions of transformers are in the golden table of `grpo`.
class StoppingTest {
    /// One ^ for each token with which an answer would be over.
    private static String over(String strings, String... tokens) {
        var stops = new StopStrings(List.of(strings.split(";")), id -> tokens[id].getBytes(StandardCharsets.UTF_8));
        Stopping stopping = new Stopping(_ -> false, stops, 99);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < tokens.length; i++) out.append(stopping.after(i) == Stopping.Verdict.STOP_STRING ? '^' : '.');
        return out.toString();
    }

    @Test void aMatchTouchesTheLastToken() {
        assertEquals("..^.", over(" stop", "he", " s", "top", "ped"));
        assertEquals("...^.", over("stop", "s", "t", "o", "p", "pot"));
        assertEquals(".^^", over("stop", "st", "opst", "op"));
        assertEquals("^.", over("stop", "stopstop", "s"));
        assertEquals(".^^.", over("aa", "a", "a", "a", "b"));
        assertEquals(".^", over("st;op", "xx", "stop"));
        assertEquals("..^", over("ab", "a", "", "b"));
        assertEquals("^.", over("ab", "ab", ""));
        assertEquals("..", over("stop", "no", "pe"));
        assertEquals(".", over("long", "lon"));
        assertEquals("^..", over("ab;something long", "ab", "c", ""), "a short one that is over is not found again while a long one may still come");
    }

    @Test void charactersMayBeSpreadOverTokens() {
        byte[] text = "a视频".getBytes(StandardCharsets.UTF_8);
        Stopping stopping = new Stopping(_ -> false, new StopStrings(List.of("视频"), id -> new byte[] {text[id]}), 99);
        for (int i = 0; i < text.length; i++)
            assertEquals(i == text.length - 1 ? Stopping.Verdict.STOP_STRING : Stopping.Verdict.GO_ON, stopping.after(i));
    }

    @Test void theEndTokenGoesBeforeTheStringAndTheStringBeforeTheLength() {
        var stops = new StopStrings(List.of("x"), id -> id == 5 ? new byte[] {'x'} : new byte[0]);
        assertEquals(Stopping.Verdict.END_TOKEN, new Stopping(id -> id == 5, stops, 1).after(5));
        assertEquals(Stopping.Verdict.STOP_STRING, new Stopping(_ -> false, stops, 1).after(5));
        assertEquals(Stopping.Verdict.LENGTH, new Stopping(_ -> false, stops, 1).after(4));
        assertTrue(Stopping.Verdict.STOP_STRING.ended() && Stopping.Verdict.END_TOKEN.ended() && !Stopping.Verdict.LENGTH.ended());
    }

    @Test void anEmptyStringIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new StopStrings(List.of("a", ""), _ -> new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> new StopStrings(List.of("a"), null));
    }
}
