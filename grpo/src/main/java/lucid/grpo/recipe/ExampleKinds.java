package lucid.grpo.recipe;

import java.util.List;

/// The kinds of examples that a `mix` may ask for, by what a recipe learns from.
public final class ExampleKinds {
    /// Of `drift`: clips that are made, so that anything can be said about them.
    public static final List<String> DRIFT = List.of("caption", "cold_start", "description", "direct", "document", "early_document", "frame_caption",
            "motion", "open", "path");
    /// Of question files: what somebody has written down. `caption` is learned without a prompt, `conversation` is one question and its answer; both
    /// are base training's.
    public static final List<String> QUESTIONS = List.of("caption", "cold_start", "conversation");

    /// Of `drift`: what sees a single frame.
    static final String FRAME = "frame_caption";
    private static final List<String> TEXTS = List.of("document", "early_document");

    private ExampleKinds() {}

    /// Whether examples of the kind see a whole clip; others are text alone, or see a frame.
    static boolean seesClip(String kind) { return !kind.equals(FRAME) && !TEXTS.contains(kind); }
}
