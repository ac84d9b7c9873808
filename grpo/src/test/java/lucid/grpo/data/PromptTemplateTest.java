package lucid.grpo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

class PromptTemplateTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(300, 2, List.of("<|endoftext|>")).train(List.of("A ring moves. A ring moves."))
            .tokenizer();

    /// As the published template `pretrain` has it: the clip, the caption, a line break; all but the clip is learned.
    @Test void aCaptionFollowsItsClipAlone() {
        Example e = new PromptTemplate(TOKENIZER).caption("caption", Visual.clip(0), "A ring moves.");
        assertEquals(Example.PLACEHOLDER, e.ids()[0]);
        assertEquals(Example.IGNORE, e.labels()[0]);
        int[] said = Arrays.copyOfRange(e.ids(), 1, e.ids().length);
        assertArrayEquals(said, Arrays.copyOfRange(e.labels(), 1, e.labels().length));
        assertEquals("A ring moves.\n", TOKENIZER.decode(said, false));
    }
}
