package lucid.grpo.cli.training;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lucid.grpo.console.Console;
import lucid.grpo.console.UsageException;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.run.RunData;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunReader;
import lucid.grpo.session.ModelFolder;

/// The held-out questions that `eval` asks: those that the command line names, and where it names none those that the model's run was measured by.
///
/// @param recipe how they are asked; it has no stages, so nothing is read that only training needs
/// @param data   where the clips lie, see [lucid.grpo.session.Session#open]
/// @param file   null: Drift's own questions
/// @param sha256 of the questions and clips that the run was measured by; null: others may be asked
record HeldOutQuestions(Recipe recipe, Path data, Path file, String sha256) {
    /// Where data are looked for that nothing says the place of.
    static final Path DATA = Path.of("data");
    private static final String DRIFT = "drift";

    /// @param recipe shipped or a file; null: the run's
    /// @param data   null: where the run had them, or [#DATA]
    /// @param file   null: the run's
    /// @throws UsageException nobody says which questions are meant
    static HeldOutQuestions of(Path model, String recipe, Path data, Path file, Console console) {
        // A recipe that is named stands for itself: neither data nor questions of the run need be those it means.
        RunReader run = recipe != null ? null : ModelFolder.run(model).map(r -> new RunReader(r, console::line)).orElse(null);
        Recipe asked = run != null ? run.recipe() : RecipeReader.read(recipe != null ? recipe : file == null ? "demo" : "tinyllava-video-r1");
        Path questions = file != null || drift(asked) ? file : own(run, asked);
        if (questions != null && drift(asked))
            asked = asked.withData(new Recipe.DataSpec("nextqa", asked.data().frames(), asked.data().image(), null, null, null, null, null));
        Path place = data != null ? data : run == null ? DATA : clips(run, drift(asked));
        if (data == null && run != null && file != null) checkPlace(run, place, file);
        if (run != null)
            console.line("recipe " + asked.name() + " of " + run.root() + ", "
                    + (questions == null ? "its held-out questions" : "questions " + questions) + ", data in " + place);
        else if (recipe == null && file == null)
            console.line(model + " is no run's: the held-out questions of recipe " + asked.name() + " are asked, whose clips are made in " + place
                    + " unless they are there (--benchmark, --eval-questions or --recipe name others)");
        boolean runs = run != null && questions != null && file == null;
        return new HeldOutQuestions(asked.withStages(List.of()), place, questions, runs ? run.config().path("held_out_sha256").asText(null) : null);
    }

    /// @param found hash of the questions and their clips as they are now
    /// @throws RunException they are not those that the run was measured by
    void check(String found) {
        if (sha256 != null && !sha256.equals(found)) {
            throw new RunException(file + ": these questions or their clips in " + data
                    + " are not those that the run was measured by (held_out_sha256: found " + found + ", wanted " + sha256
                    + "); --eval-questions " + file + " asks them as they are now");
        }
    }

    private static boolean drift(Recipe recipe) { return recipe.data().kind().equals(DRIFT); }

    // Other clips may have the names of the run's: only of a file in the data's folder, or of the run's own, is it plain that these are meant.
    private static void checkPlace(RunReader run, Path clips, Path file) {
        Path asked = file.toAbsolutePath().normalize();
        if (asked.startsWith(clips.toAbsolutePath().normalize()) || run.heldOutPlaces().contains(asked)) return;
        throw new UsageException("--eval-questions " + file + " is not in " + clips + ", where the data of " + run.root()
                + " are: wanted --data DIR, the folder that its clips' names are relative to");
    }

    private static Path own(RunReader run, Recipe recipe) {
        List<Path> places = run == null ? List.of() : run.heldOutPlaces();
        if (places.isEmpty()) {
            throw new UsageException("wanted --eval-questions FILE, or --benchmark NAME: "
                    + (run == null ? recipe.origin() + " brings no held-out questions" : run.root()
                    + " names no held-out questions that it was measured by"));
        }
        return places.stream().filter(Files::isRegularFile).findFirst()
                .orElseThrow(() -> new RunException(run.root() + ": its held-out questions are not there; wanted them in " + places.getLast()
                + ", or name them with --eval-questions FILE"));
    }

    private static Path clips(RunReader run, boolean drift) {
        RunData data = RunData.of(run, null);
        // Drift's clips are made again from their seed.
        return drift ? data.folder().orElse(DATA) : data.require();
    }
}
