package lucid.grpo.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lucid.grpo.recipe.ExampleKinds;
import lucid.grpo.run.HashChain;
import lucid.tokenizer.Tokenizer;
import lucid.video.FrameSampling;
import lucid.video.Progress;
import lucid.video.data.ClipCache;
import lucid.video.data.ClipQuestion;
import lucid.video.drift.Draw;

/// Questions about clips in one of the published layouts (NextQA-style `jsonl`, cold-start `json`). Clips are decoded when they are first asked for, but hashed when the data is opened:
/// a name, a size or a date can stay the same when somebody puts another video in a clip's place, and a run that went on then would not be the one that was begun. Reading takes seconds a gigabyte,
/// which is little beside the training; what is drawn is read again anyway, and compared.
/// It knows one kind of example, `cold_start`, and has no held-out questions of its own.
public final class QuestionData implements TrainingData {
    private final Path root;
    private final ClipCache cache;
    private final int frames;
    private final int size;
    private final PromptTemplate template;
    private final List<ClipQuestion> questions;
    private final List<ClipQuestion> coldStart;
    private final List<ClipQuestion> heldOut;
    private final Map<String, Integer> clips = new LinkedHashMap<>();
    private final List<String> names = new ArrayList<>();
    private final List<String> hashes;

    /// @param root      folder that the questions' clips are relative to
    /// @param questions for GRPO; coldStart for the cold start; heldOut for evaluation; each may be empty
    public QuestionData(Path root, ClipCache cache, int frames, int size, Tokenizer tokenizer, List<ClipQuestion> questions, List<ClipQuestion> coldStart,
                        List<ClipQuestion> heldOut, int threads, Progress progress) {
        this.root = root;
        this.cache = cache;
        this.frames = frames;
        this.size = size;
        this.questions = questions;
        this.coldStart = coldStart;
        this.heldOut = heldOut;
        template = new PromptTemplate(tokenizer);
        for (List<ClipQuestion> list : List.of(questions, coldStart, heldOut)) list.forEach(q -> number(q.video()));
        hashes = ClipCache.hashes(names.stream().map(this::file).toList(), threads, progress);
    }

    private Path file(String name) { return root.resolve(name).normalize(); }

    private int number(String video) {
        return clips.computeIfAbsent(video, v -> {
            names.add(v);
            return names.size() - 1;
        });
    }

    @Override public Example example(String kind, long seed, String stage, int step, int index, int batch) {
        if (!ExampleKinds.QUESTIONS.contains(kind)) throw new IllegalArgumentException("mix: unknown kind '" + kind + "'; question files have cold_start");
        if (coldStart.isEmpty()) throw new IllegalArgumentException("mix: cold_start samples are wanted, but the recipe's data names no cold_start file");
        // The published run goes through its samples once, in a random order, a batch a step.
        int number = step * batch + index;
        int[] order = Draw.of(seed, "cold-start order " + stage, number / coldStart.size()).permutation(coldStart.size());
        ClipQuestion q = coldStart.get(order[number % coldStart.size()]);
        return template.example(kind, Visual.clip(number(q.video())), PromptTemplate.question(q.problem(), Mode.REASONING), q.reasoning());
    }

    @Override public List<Prompt> prompts(long seed, String stage, int step, int count) {
        if (questions.size() < count) throw new IllegalArgumentException("a step wants " + count + " prompts, the data has " + questions.size());
        int perEpoch = questions.size() / count;
        int[] order = Draw.of(seed, "prompt order " + stage, step / perEpoch).permutation(questions.size());
        List<Prompt> some = new ArrayList<>();
        for (int i = 0; i < count; i++) some.add(prompt(questions.get(order[step % perEpoch * count + i]), Mode.REASONING));
        return some;
    }

    @Override public List<Prompt> heldOut(int count, Mode mode) {
        return heldOut.subList(0, count == 0 ? heldOut.size() : Math.min(count, heldOut.size())).stream().map(q -> prompt(q, mode)).toList();
    }

    private Prompt prompt(ClipQuestion q, Mode mode) {
        return new Prompt(q.kind(), number(q.video()), q.problem(), "<answer>" + q.solution() + "</answer>", template.prompt(PromptTemplate.question(q.problem(), mode)), null,
                false, null);
    }

    @Override public byte[] frames(int clip) { return cache.load(file(names.get(clip)), hashes.get(clip), new FrameSampling.Uniform(frames), size).rgb(); }

    @Override public int framesPerClip() { return frames; }

    @Override public int imageSize() { return size; }

    @Override public String clipName(int clip) { return names.get(clip); }

    @Override public String directAnswer(String completion) {
        String text = completion.strip();
        return text.isEmpty() ? "" : text.substring(0, 1);
    }

    @Override public String contentHash() { return HashChain.of(questions.toString() + coldStart + heldOut + hashes); }

    @Override public Map<String, String> clipHashes() {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) all.put(names.get(i), hashes.get(i));
        return all;
    }
}
