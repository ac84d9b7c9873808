package lucid.video.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A multiple-choice question about a clip.
///
/// @param id        as published: a number in the jsonl layout, the video's number in the conversations layout
/// @param problem   question, `\nOptions:`, one line an option (`A. owl.`), exactly as published, without the instruction sentence
/// @param solution  letter of the true option
/// @param kinds     `problem_type` of the jsonl layout; empty in the other one
/// @param video     path of the clip as written, relative to the data folder
/// @param reasoning the written answer `<think> ... </think> <answer> X </answer>` of a cold-start sample, empty where there is none
public record ClipQuestion(String id, String problem, String solution, List<String> kinds, String video, String reasoning) {
    /// The sentence that follows the problem in the published prompts.
    public static final String INSTRUCTION = "Output the thinking process in <think> </think> and final answer (option) in <answer> </answer> tags.";
    static final String OPTIONS = "\nOptions:\n";

    public ClipQuestion {
        kinds = List.copyOf(kinds);
        List<String> options = optionsOf(problem);
        if (solution.length() != 1 || letterIndex(solution) >= options.size()) {
            throw new IllegalArgumentException("solution " + solution + " is not among the options A to " + (char) ('A' + options.size() - 1));
        }
    }

    /// The options' texts in order, without letter and final period.
    public List<String> options() { return optionsOf(problem); }

    /// The true option's text.
    public String answer() { return options().get(letterIndex(solution)); }

    /// The first kind, or `unknown`.
    public String kind() { return kinds.isEmpty() ? "unknown" : kinds.getFirst(); }

    /// Where the clip lies when the data set lies in `root`.
    public Path clip(Path root) { return root.resolve(video).normalize(); }

    private static int letterIndex(String letter) {
        return letter.charAt(0) >= 'A' && letter.charAt(0) <= 'Z' ? letter.charAt(0) - 'A' : Integer.MAX_VALUE;
    }

    /// @throws IllegalArgumentException no options, or letters that are not A, B, C, ... in order
    static List<String> optionsOf(String problem) {
        int at = problem.indexOf(OPTIONS);
        if (at < 0) throw new IllegalArgumentException("no line 'Options:' followed by options");
        List<String> options = new ArrayList<>();
        for (String line : problem.substring(at + OPTIONS.length()).split("\n")) {
            char letter = (char) ('A' + options.size());
            if (!line.startsWith(letter + ". "))
                throw new IllegalArgumentException("option line '" + DataText.shortened(line) + "', wanted one that begins with '" + letter + ". '");
            String text = line.substring(3).strip();
            options.add(text.endsWith(".") ? text.substring(0, text.length() - 1) : text);
        }
        if (options.size() < 2) throw new IllegalArgumentException("only one option, wanted at least two");
        return List.copyOf(options);
    }
}
