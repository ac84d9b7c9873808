package lucid.grpo.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import lucid.grpo.recipe.ExampleKinds;
import lucid.grpo.run.HashChain;
import lucid.tokenizer.Tokenizer;
import lucid.video.FrameSampling;
import lucid.video.Progress;
import lucid.video.data.ClipCache;
import lucid.video.data.ClipConversation;
import lucid.video.data.ClipQuestion;
import lucid.video.data.DataText;
import lucid.video.drift.Draw;

/// What is written about clips in one of the published layouts (NextQA-style `jsonl`, cold-start `json`, base training's captions and conversations).
/// Clips are decoded when they are first asked for, but hashed when the data is opened: a name, a size or a date can stay the same when somebody puts
/// another video in a clip's place, and a run that went on then would not be the one that was begun. Reading takes seconds a gigabyte, which is
/// little beside the training; what is drawn is read again anyway, and compared. Where a clip was not decoded before, its beginning is looked at
/// then, so that a file which is no video is found before a run and not in the middle of it. It knows the kinds of examples of
/// [ExampleKinds#QUESTIONS], and has no held-out questions of its own.
public final class QuestionData implements TrainingData {
    /// What was read; each may be empty.
    ///
    /// @param questions for GRPO; coldStart for the cold start; heldOut for evaluation; captions and conversations for base training
    public record Sources(List<ClipQuestion> questions, List<ClipQuestion> coldStart, List<ClipQuestion> heldOut, List<ClipConversation> captions,
            List<ClipConversation> conversations) {}

    /// The order of one epoch: the last that was asked for, as making it takes longer than an example.
    private record Order(long seed, int epoch, int[] numbers) {}

    /// More than the words of a template that stand beside a sample's own take.
    private static final int TEMPLATE_BYTES = 4096;
    /// The same in tokens of a vocabulary of words.
    private static final int TEMPLATE_TOKENS = 512;

    private final Path root;
    private final ClipCache cache;
    private final FrameSampling.Uniform sampling;
    private final int size;
    private final PromptTemplate template;
    private final Sources sources;
    private final Map<String, Integer> clips = new LinkedHashMap<>();
    private final List<String> names = new ArrayList<>();
    private final List<String> hashes;
    /// Clips that are learned from come first.
    private final int learned;
    private final Map<String, Order> orders = new HashMap<>();

    /// @param root folder that the clips' names are relative to
    /// @throws lucid.video.VideoException the first clip that cannot be read or is no video
    public QuestionData(Path root, ClipCache cache, int frames, int size, Tokenizer tokenizer, Sources sources, int threads, Progress progress) {
        this.root = root;
        this.cache = cache;
        sampling = new FrameSampling.Uniform(frames);
        this.size = size;
        this.sources = sources;
        template = new PromptTemplate(tokenizer);
        for (List<ClipQuestion> list : List.of(sources.questions(), sources.coldStart())) list.forEach(q -> number(q.video()));
        for (List<ClipConversation> list : List.of(sources.captions(), sources.conversations())) list.forEach(c -> number(c.video()));
        learned = names.size();
        sources.heldOut().forEach(q -> number(q.video()));
        hashes = cache.hashesOfClips(names.stream().map(this::file).toList(), sampling, size, threads, progress);
    }

    private Path file(String name) { return root.resolve(name).normalize(); }

    private int number(String video) {
        return clips.computeIfAbsent(video, v -> {
            names.add(v);
            return names.size() - 1;
        });
    }

    @Override public Example example(String kind, long seed, String stage, int step, int index, int batch) {
        int number = step * batch + index;
        return switch (kind) {
            case "cold_start" -> coldStart(next(sources.coldStart(), kind, "cold-start order " + stage, seed, number));
            case "caption" -> caption(next(sources.captions(), kind, "caption order " + stage, seed, number));
            case "conversation" -> conversation(next(sources.conversations(), kind, "conversation order " + stage, seed, number));
            default -> throw new IllegalArgumentException("mix: unknown kind '" + kind + "'; question files have "
                    + String.join(", ", ExampleKinds.QUESTIONS));
        };
    }

    private Example coldStart(ClipQuestion q) {
        return template.example("cold_start", Visual.clip(number(q.video())), PromptTemplate.question(q.problem(), Mode.REASONING), q.reasoning());
    }

    private Example caption(ClipConversation c) { return template.caption("caption", Visual.clip(number(c.video())), c.answer()); }

    private Example conversation(ClipConversation c) {
        return template.example("conversation", Visual.clip(number(c.video())), c.question(), c.answer());
    }

    @Override public OptionalInt samples(String kind) {
        List<?> all = switch (kind) {
            case "cold_start" -> sources.coldStart();
            case "caption" -> sources.captions();
            case "conversation" -> sources.conversations();
            default -> List.of();
        };
        return all.isEmpty() ? OptionalInt.empty() : OptionalInt.of(all.size());
    }

    @Override public Optional<String> longerThan(String kind, int tokens) {
        return switch (kind) {
            case "cold_start" -> longer(sources.coldStart(), q -> q.problem() + q.reasoning(), this::coldStart, ClipQuestion::video, tokens);
            case "caption" -> longer(sources.captions(), ClipConversation::answer, this::caption, ClipConversation::video, tokens);
            case "conversation" -> longer(sources.conversations(), c -> c.question() + c.answer(), this::conversation,
                    ClipConversation::video, tokens);
            default -> Optional.empty();
        };
    }

    // Encoded is only what could be too long: a token has at least one byte of UTF-8, and a character at most three.
    private static <T> Optional<String> longer(List<T> all, Function<T, String> text, Function<T, Example> example, Function<T, String> clip,
            int tokens) {
        return all.stream().filter(x -> 3L * text.apply(x).length() + TEMPLATE_BYTES > tokens && example.apply(x).ids().length > tokens).findFirst()
                .map(x -> "about clip " + clip.apply(x) + " (" + example.apply(x).ids().length + " tokens) that begins with '"
                        + DataText.shortened(text.apply(x).strip().lines().findFirst().orElse("")) + "'");
    }

    @Override public int[] longest(String kind, int count) {
        return switch (kind) {
            case "cold_start" -> longest(sources.coldStart(), q -> q.problem() + q.reasoning(), this::coldStart, count);
            case "caption" -> longest(sources.captions(), ClipConversation::answer, this::caption, count);
            case "conversation" -> longest(sources.conversations(), c -> c.question() + c.answer(), this::conversation, count);
            default -> new int[0];
        };
    }

    // Encoded is only what could be among the longest. A token has at least a byte, and what the template adds is the same for all.
    private static <T> int[] longest(List<T> all, Function<T, String> text, Function<T, Example> example, int count) {
        PriorityQueue<Integer> most = new PriorityQueue<>();
        for (T x : all) {
            int bytes = text.apply(x).getBytes(StandardCharsets.UTF_8).length;
            if (most.size() == count && bytes + TEMPLATE_TOKENS <= most.peek()) continue;
            most.add(example.apply(x).ids().length);
            if (most.size() > count) most.poll();
        }
        return most.stream().mapToInt(Integer::intValue).toArray();
    }

    // The published runs go through their samples once, in a random order, a batch a step.
    private <T> T next(List<T> all, String kind, String purpose, long seed, int number) {
        if (all.isEmpty())
            throw new IllegalArgumentException("mix: samples of kind " + kind + " are wanted, but the recipe's data names no file of them");
        int epoch = number / all.size();
        Order order = orders.get(purpose);
        if (order == null || order.seed() != seed || order.epoch() != epoch) {
            order = new Order(seed, epoch, Draw.of(seed, purpose, epoch).permutation(all.size()));
            orders.put(purpose, order);
        }
        return all.get(order.numbers()[number % all.size()]);
    }

    @Override public List<Prompt> prompts(long seed, String stage, int step, int count) {
        return PromptOrder.of(sources.questions(), seed, stage, step, count).stream().map(q -> prompt(q, Mode.REASONING)).toList();
    }

    @Override public int questions() { return sources.questions().size(); }

    @Override public List<Prompt> heldOut(int count, Mode mode) {
        List<ClipQuestion> all = sources.heldOut();
        return all.subList(0, count == 0 ? all.size() : Math.min(count, all.size())).stream().map(q -> prompt(q, mode)).toList();
    }

    // The same clip under another name is the same clip.
    @Override public int heldOutSeen() {
        Set<String> seen = Set.copyOf(hashes.subList(0, learned));
        return (int) sources.heldOut().stream().filter(q -> seen.contains(hashes.get(number(q.video())))).count();
    }

    private Prompt prompt(ClipQuestion q, Mode mode) {
        return new Prompt(q.kind(), number(q.video()), q.problem(), "<answer>" + q.solution() + "</answer>",
                template.prompt(PromptTemplate.question(q.problem(), mode)), null,
                false, null);
    }

    @Override public byte[] frames(int clip) { return cache.load(file(names.get(clip)), hashes.get(clip), sampling, size).rgb(); }

    @Override public int framesPerClip() { return sampling.count(); }

    @Override public int imageSize() { return size; }

    @Override public String clipName(int clip) { return names.get(clip); }

    @Override public String directAnswer(String completion) {
        String text = completion.strip();
        return text.isEmpty() ? "" : text.substring(0, 1);
    }

    @Override public String contentHash() {
        String hash = HashChain.of(sources.questions().toString() + sources.coldStart() + hashes.subList(0, learned));
        // One after the other: there may be hundreds of thousands.
        for (List<ClipConversation> list : List.of(sources.captions(), sources.conversations()))
            for (ClipConversation c : list) hash = HashChain.of(hash + c);
        return hash;
    }

    @Override public String heldOutHash() {
        return HashChain.of(sources.heldOut().toString() + sources.heldOut().stream().map(q -> hashes.get(number(q.video()))).toList());
    }

    @Override public Map<String, String> clipHashes() {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) all.put(names.get(i), hashes.get(i));
        return all;
    }
}
