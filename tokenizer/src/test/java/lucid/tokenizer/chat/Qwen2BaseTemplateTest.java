package lucid.tokenizer.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.tokenizer.Qwen2Vocabulary;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.Qwen2BaseTemplate.Masking;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The recorded prompts and labels are in the golden case (see TokenizerParityTest).
class Qwen2BaseTemplateTest {
    private static final String PREFIX = "32 6236 1948 264 22208 1196 323 458 20443 11229 17847 13 576 17847 6696 10950 11 11682 11 323 47787 11253 "
            + "311 279 1196 594 4755 13 13872 25 220 -200 ";
    private static final String QUESTION = "<image>What animal is shown in the video?\nOptions:\nA. owl.\nB. sheeps.\nC. elephant.\nD. "
            + "squirrel.\nE. rabbit.";
    private static final String INSTRUCTION = "Output the thinking process in <think> </think> and final answer (option) in <answer> </answer> tags.";

    private final Tokenizer qwen = Qwen2Vocabulary.tokenizer();
    private final Qwen2BaseTemplate template = new Qwen2BaseTemplate(qwen);

    private static int[] ids(String text) {
        return Arrays.stream(text.trim().split(" ")).mapToInt(Integer::parseInt).toArray();
    }

    private String trained(Encoded encoded) {
        return qwen.decode(IntStream.of(encoded.labels()).filter(label -> label >= 0).toArray(), false);
    }

    @Test
    void thePublishedPromptOfProblem1() {
        String tail = " 279 7274 1882 304 366 26865 29 690 26865 29 323 1590 4226 320 2047 8 304 366 9217 29 690 9217 29 9492 13 35560 3846 2821 25";
        String head = "198 3838 9864 374 6839 304 279 2766 5267 3798 510 32 13 52269 624 33 13 1340 7124 624 34 13 45740 624 35 13 90524 624 36 13 ";
        int[] training = template.promptIds(QUESTION + " " + INSTRUCTION);
        assertEquals(94, training.length);
        assertArrayEquals(ids(PREFIX + head + "38724 13 9258" + tail), training);
        assertArrayEquals(ids(PREFIX + head + "38724 624 5097" + tail), template.promptIds(QUESTION + "\n" + INSTRUCTION));
    }

    @Test
    void offsetsTrainTheAnswerWhateverItHolds() {
        assertEquals(" ok<|endoftext|>", trained(template.training("say ASSISTANT: now", "ok")));
        assertEquals(" use ASSISTANT: tag<|endoftext|>", trained(template.training("say", "use ASSISTANT: tag")));
        assertEquals(" has <|endoftext|> inside<|endoftext|>", trained(template.training("a", "has <|endoftext|> inside")));
        assertEquals(" \u00e9t\u00e9<|endoftext|>", trained(template.training("e\u0301te\u0301 ?", "e\u0301te\u0301")));
        assertEquals(" \u0301x<|endoftext|>", trained(template.training("q", "\u0301x")));
    }

    @Test
    void bothMaskingsAgreeUnlessTheMarksOccurInTheText() {
        List<Message> plain = List.of(Message.human("<image> q1"), Message.assistant("1 a"), Message.human("q2"), Message.assistant("<image>b"));
        assertFalse(template.ambiguous(plain));
        assertArrayEquals(template.training(plain, Masking.OFFSETS).labels(), template.training(plain, Masking.PUBLISHED).labels());
        assertEquals(" 1 a<|endoftext|> b<|endoftext|>", trained(template.training(plain, Masking.OFFSETS)));
        List<Message> marked = List.of(Message.human("say ASSISTANT: now"), Message.assistant("x"));
        assertTrue(template.ambiguous(marked));
        assertEquals(0, template.training(marked, Masking.PUBLISHED).supervised());
        assertEquals(2, template.training(marked, Masking.OFFSETS).supervised());
    }

    @Test
    void refusesWhatIsNoConversation() {
        assertMessage("0 messages", List.of());
        assertMessage("1 messages", List.of(Message.human("q")));
        assertMessage("HUMAN and HUMAN", List.of(Message.human("q"), Message.human("q")));
        assertMessage("turn 1 of 2 has no answer", List.of(Message.human("q"), Message.assistant(null), Message.human("q"), Message.assistant("a")));
        String open = assertThrows(IllegalArgumentException.class, () -> template.training("q", null)).getMessage();
        assertTrue(open.contains("no answer"), open);
        assertThrows(IllegalArgumentException.class, () -> Message.Role.of("system"));
    }

    private void assertMessage(String part, List<Message> messages) {
        String message = assertThrows(IllegalArgumentException.class, () -> template.promptIds(messages)).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void aBatchRefusesToCut() {
        Encoded sample = template.training("q", "a");
        String message = assertThrows(IllegalArgumentException.class, () -> Batch.of(List.of(sample), qwen.eosId(), 10)).getMessage();
        assertTrue(message.contains("sample 0") && message.contains("at most 10"), message);
        assertThrows(IllegalArgumentException.class, () -> Batch.of(List.of(), 0, 10));
        assertThrows(IllegalArgumentException.class, () -> new Encoded(new int[1], new int[2]));
    }
}
