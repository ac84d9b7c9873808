package lucid.grpo.laws;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
import lucid.grpo.data.DriftData;
import lucid.grpo.data.Example;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.data.Visual;
import lucid.tokenizer.Tokenizer;

/// Painted Drift, with one more kind of example: `letter`, the prompt of a question answered by its letter alone. A model of a few thousand weights
/// learns in some twenty steps to say letters, which makes rewards differ within a group.
public final class ToyData implements TrainingData {
    private final DriftData drift;
    private final Tokenizer tokenizer;
    private final Runnable atStep;
    private UnaryOperator<List<Prompt>> heldOut = all -> all;
    private IntConsumer atClip = _ -> {};
    private Runnable atEvaluation = () -> {};

    /// @param atStep called whenever a step asks for its first item
    ToyData(PaintedClips clips, Tokenizer tokenizer, Runnable atStep) {
        drift = new DriftData(Toy.PLAN, 32, clips, tokenizer);
        this.tokenizer = tokenizer;
        this.atStep = atStep;
    }

    @Override public Example example(String kind, long seed, String stage, int step, int index, int batch) {
        if (index == 0) atStep.run();
        // One of the kinds that a recipe may name, with letters as its answers.
        if (!kind.equals("open")) return drift.example(kind, seed, stage, step, index, batch);
        Prompt p = drift.prompts(seed, stage, step, batch).get(index);
        int[] letter = tokenizer.encode(p.solution().replaceAll("<.*?>", ""));
        int[] target = Arrays.copyOf(letter, letter.length + 1);
        target[letter.length] = tokenizer.eosId();
        return Example.of(kind, Visual.clip(p.clip()), p.ids(), target);
    }

    @Override public OptionalInt samples(String kind) { return drift.samples(kind); }

    @Override public List<Prompt> prompts(long seed, String stage, int step, int count) {
        atStep.run();
        return drift.prompts(seed, stage, step, count);
    }

    @Override public int questions() { return drift.questions(); }

    /// The same without questions to evaluate on.
    ToyData withoutHeldOut() { return heldOut(_ -> List.of()); }

    /// The same with other questions to evaluate on, made of those that there are.
    ToyData heldOut(UnaryOperator<List<Prompt>> made) {
        heldOut = made;
        return this;
    }

    /// The same, telling of every clip that is looked at.
    ToyData atClip(IntConsumer number) {
        atClip = number;
        return this;
    }

    /// Called from now on whenever somebody asks for held-out questions: some times in each evaluation.
    void atEvaluation(Runnable then) { atEvaluation = then; }

    @Override public List<Prompt> heldOut(int count, Mode mode) {
        atEvaluation.run();
        return heldOut.apply(drift.heldOut(count, mode));
    }

    @Override public byte[] frames(int clip) {
        atClip.accept(clip);
        return drift.frames(clip);
    }

    @Override public int framesPerClip() { return drift.framesPerClip(); }

    @Override public int imageSize() { return drift.imageSize(); }

    @Override public String clipName(int clip) { return drift.clipName(clip); }

    @Override public String directAnswer(String completion) { return drift.directAnswer(completion); }

    @Override public String contentHash() { return drift.contentHash(); }
}
