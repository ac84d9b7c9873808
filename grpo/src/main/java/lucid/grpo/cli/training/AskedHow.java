package lucid.grpo.cli.training;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import lucid.grpo.data.PromptTemplate;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.RecipeException;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunReader;
import lucid.grpo.run.RunState;
import lucid.grpo.session.ModelFolder;
import lucid.grpo.train.Evaluator;

/// With which of the two published requests `eval` asks. The same checkpoint has two accuracies: one that was taught letters alone and is asked to
/// reason is wrong nearly always, and its figures would not show why.
///
/// @param greedy whether nothing is sampled
record AskedHow(TrainingData.Mode mode, boolean greedy) {
    /// As in the settings of a benchmark's evaluation: `reasoning` or `direct`.
    String style() { return mode.name().toLowerCase(Locale.ROOT); }

    /// What follows every question.
    String instruction() { return PromptTemplate.instruction(mode); }

    /// For people.
    String line() { return "asked with \"" + instruction() + "\", " + (greedy ? "answers greedy" : "answers sampled"); }

    /// A line about a run's checkpoint that was taught direct answers only, and is asked to reason; empty of any other, and where nobody knows.
    ///
    /// @param model a folder as the command line names it
    Optional<String> notTaught(Path model) {
        if (mode == TrainingData.Mode.DIRECT) return Optional.empty();
        Path checkpoint = ModelFolder.resolve(model);
        Path run = ModelFolder.run(model).orElse(null);
        if (run == null || !Files.isRegularFile(checkpoint.resolve(RunState.FILE))) return Optional.empty();
        try {
            String name = RunFolder.state(checkpoint).stage();
            return new RunReader(run, _ -> {}).recipe().stages().stream().filter(s -> s.name().equals(name))
                    .filter(s -> Evaluator.mode(s) == TrainingData.Mode.DIRECT).map(Stage::name).findFirst()
                    .map(stage -> checkpoint + " is of stage " + stage + ", which teaches direct answers, and is asked to reason; --direct asks for "
                            + "the letter alone, as the run measured it");
        } catch (RunException | RecipeException _) {
            // Weights can be asked whatever became of the run around them.
            return Optional.empty();
        }
    }
}
