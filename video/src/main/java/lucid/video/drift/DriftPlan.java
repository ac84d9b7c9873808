package lucid.video.drift;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Which clips a Drift data set has and what is asked about them. Clips are numbered: the training clips first, then the held-out ones.
/// Questions are asked about clips with two things only; clips with one thing serve the base stages.
///
/// @param seed       of everything
/// @param trainClips number of training clips
/// @param heldOut    number of held-out questions, each about a clip of its own that is never trained on
public record DriftPlan(long seed, int trainClips, int heldOut) {
    /// Samples of the cold start.
    public static final int COLD_START = 16;
    /// Training clips at least.
    public static final int LEAST_CLIPS = 64;
    /// Held-out questions at least: one of each kind.
    public static final int LEAST_HELD_OUT = 5;

    /// Clips at most, held-out ones included; their scenes are kept in memory.
    public static final int MOST_CLIPS = 10_000_000;

    /// A question and the clip that it is about.
    public record Asked(int clip, Scene scene, Question question) {}

    public DriftPlan {
        if (trainClips < LEAST_CLIPS) throw new IllegalArgumentException("drift: " + trainClips + " training clips, wanted at least " + LEAST_CLIPS);
        if (heldOut < LEAST_HELD_OUT)
            throw new IllegalArgumentException("drift: " + heldOut + " held-out questions, wanted at least " + LEAST_HELD_OUT
                    + " (one of each kind)");
        if ((long) trainClips + heldOut > MOST_CLIPS) {
            throw new IllegalArgumentException("drift: " + trainClips + " training clips and " + heldOut + " held-out questions, wanted at most "
                    + MOST_CLIPS + " together");
        }
    }

    /// All clips, held-out ones included.
    public int clips() { return trainClips + heldOut; }

    /// The scenes of all clips. Held-out scenes come from numbers that no training clip has; those with one thing are passed over.
    public List<Scene> scenes() {
        List<Scene> scenes = new ArrayList<>(clips());
        for (long i = 0; scenes.size() < clips(); i++) {
            Scene scene = Scene.of(seed, i);
            if (scenes.size() < trainClips || scene.twoThings()) scenes.add(scene);
        }
        return scenes;
    }

    /// Path of a clip inside the data set's folder.
    public String path(int clip) {
        boolean train = clip < trainClips;
        int n = train ? clip : clip - trainClips;
        return String.format(Locale.ROOT, "clips/%s/%02d/%05d.mp4", train ? "train" : "heldout", n / 100, n);
    }

    /// One question of every kind about every training clip with two things.
    public List<Asked> training(List<Scene> scenes) {
        List<Asked> all = new ArrayList<>();
        for (int clip = 0; clip < trainClips; clip++) {
            Scene scene = scenes.get(clip);
            if (!scene.twoThings()) continue;
            for (Question.Kind kind : Question.Kind.values()) {
                all.add(new Asked(clip, scene, Question.draw(Draw.of(seed, "training question", clip, kind.ordinal()), scene, kind)));
            }
        }
        return all;
    }

    /// The held-out questions, kinds in turn.
    public List<Asked> heldOut(List<Scene> scenes) {
        List<Asked> all = new ArrayList<>();
        for (int i = 0; i < heldOut; i++) {
            int clip = trainClips + i;
            Question.Kind kind = Question.Kind.values()[i % Question.Kind.values().length];
            all.add(new Asked(clip, scenes.get(clip), Question.draw(Draw.of(seed, "held-out question", i), scenes.get(clip), kind)));
        }
        return all;
    }

    /// The 16 samples of the cold start: training clips, kinds in turn. Their reasoning is [DriftText#reasoned].
    public List<Asked> coldStart(List<Scene> scenes) {
        List<Asked> all = new ArrayList<>();
        for (int clip = 0; all.size() < COLD_START; clip++) {
            Scene scene = scenes.get(clip);
            if (!scene.twoThings()) continue;
            Question.Kind kind = Question.Kind.values()[all.size() % Question.Kind.values().length];
            all.add(new Asked(clip, scene, Question.draw(Draw.of(seed, "cold-start question", clip), scene, kind)));
        }
        return all;
    }
}
