package lucid.grpo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

class CompletionTextTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(258, 2, List.of("<|endoftext|>")).train(List.of("red red")).tokenizer();

    @Test void unknownIdsAndSpecialTokensHaveNoText() {
        int[] red = TOKENIZER.encode("red");
        int[] ids = IntStream.concat(IntStream.concat(IntStream.of(TOKENIZER.vocabSize()), IntStream.of(red)),
                IntStream.of(151_935, TOKENIZER.eosId())).toArray();
        assertEquals("red", CompletionText.of(TOKENIZER, ids));
        assertArrayEquals(IntStream.concat(IntStream.of(red), IntStream.of(TOKENIZER.eosId())).toArray(), CompletionText.known(TOKENIZER, ids));
    }

    /// Java's own strip leaves no-break spaces.
    @Test void endsAreStrippedAsInPython() {
        assertEquals("a\u00A0b", CompletionText.of(TOKENIZER, TOKENIZER.encode("\u00A0\u0085 a\u00A0b\n\u001F")));
    }
}
