package lucid.grpo.ask;

import java.util.ArrayList;
import java.util.List;
import lucid.grpo.data.PromptTemplate;
import lucid.grpo.data.TrainingData;
import lucid.video.benchmark.BenchmarkQuestion.Choice;

/// What is asked about a clip.
///
/// @param text    the question
/// @param options texts of the options A, B, ...; none for an open question
public record Question(String text, List<String> options, Style style) {
    /// What the published prompts add to a question.
    public enum Style {
        /// Reasoning first, then the answer, in their tags.
        REASON,
        /// The option's letter at once.
        DIRECT,
        /// Nothing: the question as it is.
        PLAIN
    }

    public Question {
        if (text.isBlank()) throw new IllegalArgumentException("question: it is empty, wanted a text");
        options = List.copyOf(options);
    }

    /// Reads options as a command line gives them, `A=owl`, `B=squirrel`, ...
    ///
    /// @throws IllegalArgumentException for anything but A, B, C, ... in order
    public static List<String> options(List<String> given) {
        List<String> texts = new ArrayList<>();
        for (String option : given) {
            char wanted = (char) ('A' + texts.size());
            if (wanted > 'Z') throw new IllegalArgumentException("option '" + option + "': more than 26 options");
            if (!option.startsWith(wanted + "=")) {
                throw new IllegalArgumentException("option '" + option + "': found "
                        + (option.indexOf('=') < 0 ? "no '='" : "the letter '" + option.substring(0, option.indexOf('=')) + "'")
                        + ", wanted " + wanted + "=TEXT (options are A, B, C, ... in order, capital letters)");
            }
            if (option.substring(2).isBlank())
                throw new IllegalArgumentException("option '" + option + "': its text is empty, wanted " + wanted + "=TEXT");
            texts.add(option.substring(2).strip());
        }
        return texts;
    }

    /// The options with their letters.
    public List<Choice> choices() {
        List<Choice> choices = new ArrayList<>();
        for (String option : options) choices.add(new Choice(String.valueOf((char) ('A' + choices.size())), option));
        return choices;
    }

    /// The user's text of the prompt: question, options as the training data write them, and what the style adds.
    public String prompt() {
        StringBuilder s = new StringBuilder(text);
        if (!options.isEmpty()) s.append("\nOptions:");
        for (Choice c : choices()) s.append('\n').append(c.letter()).append(". ").append(c.text()).append(c.text().endsWith(".") ? "" : ".");
        return switch (style) {
            case REASON -> PromptTemplate.question(s.toString(), TrainingData.Mode.REASONING);
            case DIRECT -> PromptTemplate.question(s.toString(), TrainingData.Mode.DIRECT);
            case PLAIN -> s.toString();
        };
    }
}
