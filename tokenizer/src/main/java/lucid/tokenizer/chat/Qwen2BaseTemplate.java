package lucid.tokenizer.chat;

import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.chat.Message.Role;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// TinyLLaVA's template `qwen2_base` (Vicuna-style text, not ChatML):
///
/// ```
/// SYSTEM USER: <image>\nquestion ASSISTANT: answer<|endoftext|>USER: next question ASSISTANT:
/// ```
///
/// Trained are the answer, the space before it (it is usually part of the answer's first token) and the end token.
public final class Qwen2BaseTemplate {
    public static final String SYSTEM = "A chat between a curious user and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the user's questions. ";
    /// The image tag in a user's text.
    public static final String IMAGE_TAG = MaskedText.IMAGE_TAG;
    private static final String USER = "USER: ";
    private static final String ASSISTANT = "ASSISTANT:";
    private static final String SEPARATOR = " " + ASSISTANT + " ";

    /// How labels are made where the template's own marks occur inside what people wrote.
    public enum Masking {
        /// By token offsets: exactly the answers and their end tokens, whatever they contain.
        OFFSETS,
        /// As the published code does: when ` ASSISTANT: ` or the end token occurs in a question or answer, no position is trained at all.
        PUBLISHED
    }

    private final Tokenizer tokenizer;
    private final String end;

    /// @param tokenizer must name an end token
    public Qwen2BaseTemplate(Tokenizer tokenizer) {
        this.tokenizer = Objects.requireNonNull(tokenizer, "Qwen2BaseTemplate: tokenizer is null");
        this.end = tokenizer.token(tokenizer.eosId());
    }

    /// The text that asks one question and leaves the answer open. Where the question holds `<image>`, the tag moves to the front.
    public String prompt(String question) {
        return prompt(List.of(Message.human(question), Message.assistant(null)));
    }

    /// The text of a conversation; an open answer may only stand last.
    public String prompt(List<Message> messages) {
        return render(messages, true).text();
    }

    /// Ids of [#prompt(String)], [Encoded#IMAGE] for the image.
    public int[] promptIds(String question) {
        return promptIds(List.of(Message.human(question), Message.assistant(null)));
    }

    /// Ids of [#prompt(List)].
    public int[] promptIds(List<Message> messages) {
        return render(messages, true).encode(tokenizer).ids();
    }

    /// One question and its answer, with labels.
    public Encoded training(String question, String answer) {
        return training(List.of(Message.human(question), Message.assistant(answer)), Masking.OFFSETS);
    }

    /// A whole conversation with labels. An assistant's message in front of the first question is left out, as published.
    public Encoded training(List<Message> messages, Masking masking) {
        Encoded encoded = render(messages, false).encode(tokenizer);
        if (masking == Masking.OFFSETS || !ambiguous(messages)) return encoded;
        int[] labels = new int[encoded.ids().length];
        java.util.Arrays.fill(labels, Encoded.IGNORE);
        return new Encoded(encoded.ids(), labels);
    }

    /// Whether a turn holds a second separator or end token, so that the published bookkeeping gives up.
    ///
    /// Not counted, as in the published code, is a separator that overlaps the turn's own (a question that ends in `ASSISTANT:`).
    public boolean ambiguous(List<Message> messages) {
        for (Turn turn : turns(messages)) {
            String text = USER + content(turn.question) + SEPARATOR + turn.answer;
            if (text.contains(end) || text.split(SEPARATOR, -1).length != 2) return true;
        }
        return false;
    }

    private record Turn(String question, String answer) {}

    private MaskedText render(List<Message> messages, boolean mayBeOpen) {
        MaskedText text = new MaskedText();
        List<Turn> turns = turns(messages);
        for (int i = 0; i < turns.size(); i++) {
            Turn turn = turns.get(i);
            text.add((i == 0 ? SYSTEM : "") + USER + content(turn.question) + " " + ASSISTANT, false);
            if (turn.answer != null) text.add(" " + turn.answer + end, true);
            else if (!mayBeOpen || i < turns.size() - 1) {
                throw new IllegalArgumentException("qwen2_base: turn " + (i + 1) + " of " + turns.size()
                        + " has no answer; only the last answer of a prompt may be open");
            }
        }
        return text;
    }

    private static List<Turn> turns(List<Message> messages) {
        int first = !messages.isEmpty() && messages.getFirst().role() == Role.ASSISTANT ? 1 : 0;
        if (messages.size() == first || (messages.size() - first) % 2 != 0) {
            throw new IllegalArgumentException("qwen2_base: found " + messages.size()
                    + " messages, wanted questions and answers in turn (an open answer is a message without text)");
        }
        List<Turn> turns = new ArrayList<>();
        for (int i = first; i < messages.size(); i += 2) {
            if (messages.get(i).role() != Role.HUMAN || messages.get(i + 1).role() != Role.ASSISTANT) {
                throw new IllegalArgumentException("qwen2_base: messages " + i + " and " + (i + 1) + " are " + messages.get(i).role() + " and "
                        + messages.get(i + 1).role()
                    + ", wanted a question and its answer");
            }
            turns.add(new Turn(messages.get(i).text(), messages.get(i + 1).text()));
        }
        return turns;
    }

    /// The tag is taken out wherever it stands and put in front; a second one is lost. Without a tag the text stays as it is, spaces included.
    private static String content(String question) {
        if (!question.contains(IMAGE_TAG)) return question;
        return PythonText.strip(IMAGE_TAG + "\n" + PythonText.strip(question.replace(IMAGE_TAG, "")));
    }
}
