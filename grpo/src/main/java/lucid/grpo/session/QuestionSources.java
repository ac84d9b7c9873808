package lucid.grpo.session;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import lucid.grpo.data.QuestionData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.video.VideoException;
import lucid.video.data.QuestionFiles;

/// The question files that a run reads: of those that a recipe names, the ones that its stages learn from. Each but `clips` may be null.
///
/// @param clips   folder that the clips are relative to
/// @param heldOut to evaluate on
record QuestionSources(Path clips, Path questions, Path coldStart, Path captions, Path conversations, Path heldOut) {
    static QuestionSources of(Recipe recipe, Path clips, Path heldOut) {
        Recipe.DataSpec d = recipe.data();
        boolean rewarded = recipe.stages().stream().anyMatch(Stage.Grpo.class::isInstance);
        return new QuestionSources(clips, file(clips, d.questions(), rewarded), file(clips, d.coldStart(), learns(recipe, "cold_start")),
                file(clips, d.captions(), learns(recipe, "caption")),
                file(clips, d.conversations(), learns(recipe, "conversation")), heldOut);
    }

    private static boolean learns(Recipe recipe, String kind) {
        return recipe.stages().stream().anyMatch(s -> s instanceof Stage.Supervised learning && learning.mix().containsKey(kind));
    }

    // RecipeCheck has seen that a file is named where one is needed.
    private static Path file(Path root, String name, boolean needed) { return needed ? root.resolve(name) : null; }

    /// @throws lucid.video.data.DataException names the place of what cannot be used
    QuestionData.Sources read() {
        return new QuestionData.Sources(read(QuestionFiles::read, questions), read(QuestionFiles::read, coldStart),
                read(QuestionFiles::read, heldOut), read(QuestionFiles::readConversations, captions),
                read(QuestionFiles::readConversations, conversations));
    }

    private <T> List<T> read(BiFunction<Path, Path, List<T>> reader, Path file) { return file == null ? List.of() : reader.apply(file, clips); }

    /// The fault of a clip with the place that names it, which is looked for only now: nobody else needs it.
    RuntimeException naming(VideoException fault) {
        return Stream.of(questions, coldStart, captions, conversations, heldOut).filter(Objects::nonNull)
                .map(file -> QuestionFiles.naming(file, clips, fault)).flatMap(Optional::stream)
                .<RuntimeException>map(e -> e).findFirst().orElse(fault);
    }
}
