package lucid.grpo.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// Every constant of a run.
///
/// @param name        short name
/// @param description what it is, for people
/// @param source      where its constants come from
/// @param departures  where it departs from the paper or the published code, one sentence each
/// @param seed        of the whole run; every random number is a function of it and of what is drawn
/// @param model       the model's `config.json` as published, or null when a checkpoint is given on the command line
/// @param tokenizer   how a tokenizer is trained, or null when one comes with the model
/// @param data        what it learns from
/// @param stages      in order
/// @param evaluation  how it is judged after each stage
public record Recipe(String name, String description, String source, List<String> departures, long seed, JsonNode model, TokenizerSpec tokenizer,
                     DataSpec data, List<Stage> stages, EvaluationSpec evaluation) {

    /// @param vocabulary number of tokens, bytes and special tokens included
    /// @param texts      training items whose text the tokenizer is trained on
    public record TokenizerSpec(int vocabulary, int texts) {}

    /// @param kind      `drift` (made from a seed) or `nextqa` (files in one of the published layouts)
    /// @param frames    frames that the model sees of a clip
    /// @param image     side of the square they are resized to
    /// @param clips     drift: training clips
    /// @param heldOut   drift: held-out questions
    /// @param dataSeed  drift: seed of the clips, independent of the run's so that runs can share them
    /// @param questions nextqa: the questions' file, relative to the data root
    /// @param coldStart nextqa: the chain-of-thought samples' file
    public record DataSpec(String kind, int frames, int image, Integer clips, Integer heldOut, Long dataSeed, String questions, String coldStart) {}

    /// @param questions    how many held-out questions after the last stage (0: all)
    /// @param interim      how many while training
    /// @param maxNewTokens for reasoning answers
    /// @param controls     questions for each control (blank clip, shuffled frames, ...); 0: none
    public record EvaluationSpec(int questions, int interim, int maxNewTokens, int controls) {}

    /// The stage with the given name.
    public Stage stage(String wanted) {
        return stages.stream().filter(s -> s.name().equals(wanted)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "recipe " + name + " has no stage '" + wanted + "'; it has " + stages.stream().map(Stage::name).toList()));
    }

    public Recipe withSeed(long other) { return new Recipe(name, description, source, departures, other, model, tokenizer, data, stages, evaluation); }

    public Recipe withStages(List<Stage> other) { return new Recipe(name, description, source, departures, seed, model, tokenizer, data, other, evaluation); }
}
