package lucid.tokenizer.chat;

import java.util.Objects;

/// One turn of a conversation. An assistant's text is null where it is still to be generated.
public record Message(Role role, String text) {
    /// Who speaks; data files call them `human` and `gpt`.
    public enum Role {
        HUMAN, ASSISTANT;

        /// From a data file's `from`.
        public static Role of(String from) {
            return switch (from) {
                case "human" -> HUMAN;
                case "gpt" -> ASSISTANT;
                default -> throw new IllegalArgumentException("message: 'from' is '" + from + "', wanted human or gpt");
            };
        }
    }

    public Message {
        Objects.requireNonNull(role, "Message: role is null");
        if (role == Role.HUMAN) Objects.requireNonNull(text, "Message: a question has no text");
    }

    /// A question, or what else the user says.
    public static Message human(String text) {
        return new Message(Role.HUMAN, text);
    }

    /// @param text the answer; null: still to be generated
    public static Message assistant(String text) {
        return new Message(Role.ASSISTANT, text);
    }
}
