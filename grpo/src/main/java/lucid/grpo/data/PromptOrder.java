package lucid.grpo.data;

import java.util.List;
import java.util.stream.IntStream;
import lucid.video.drift.Draw;

/// The order in which a GRPO stage asks its questions: each at most once in an epoch, every epoch in a new random order.
final class PromptOrder {
    private PromptOrder() {}

    /// The questions of a step. Steps are whole: what is left of an epoch, `all.size() % count` questions, is not asked in it.
    ///
    /// @throws IllegalArgumentException there are fewer than `count`
    static <T> List<T> of(List<T> all, long seed, String stage, int step, int count) {
        if (count > all.size()) throw new IllegalArgumentException("a step wants " + count + " prompts, the data has " + all.size());
        int perEpoch = all.size() / count;
        int[] order = Draw.of(seed, "prompt order " + stage, step / perEpoch).permutation(all.size());
        int first = step % perEpoch * count;
        return IntStream.range(first, first + count).mapToObj(i -> all.get(order[i])).toList();
    }
}
