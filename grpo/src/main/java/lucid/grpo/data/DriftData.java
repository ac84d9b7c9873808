package lucid.grpo.data;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import lucid.grpo.recipe.ExampleKinds;
import lucid.grpo.recipe.RecipeReader;
import lucid.tokenizer.Tokenizer;
import lucid.video.drift.Draw;
import lucid.video.drift.DriftPlan;
import lucid.video.drift.DriftText;
import lucid.video.drift.Question;
import lucid.video.drift.Scene;

/// Examples and prompts from Drift. The pictures are decoded from the clips' files; scenes, questions and words are functions of the seed.
///
/// Kinds of examples: `early_document`, `document` (text alone: binding, letters, told scenes), `frame_caption` (one frame), `caption`,
/// `description`,
/// `path` (where each thing begins and ends), `motion` (a description of which only the directions are learned: few of its words and all of its
/// difficulty; without it some seeds never get to see motion), `direct` (the letter at once), `open` (the evidence), `cold_start` (the 16 written
/// chains of thought, mirrored and with shuffled options).
public final class DriftData implements TrainingData {
    private static final int[] PLACEHOLDER = {Example.PLACEHOLDER};

    private final DriftPlan plan;
    private final int clipsPerStep;
    private final ClipStore clips;
    private final Tokenizer tokenizer;
    private final PromptTemplate template;
    private final List<Scene> scenes;
    private final List<DriftPlan.Asked> training;
    private final List<DriftPlan.Asked> coldStart;
    private final int[] stride;
    private final List<int[]> directions;

    /// @param clipsPerStep different clips in a supervised step at most; more examples ask more about the same ones
    public DriftData(DriftPlan plan, int clipsPerStep, ClipStore clips, Tokenizer tokenizer) {
        this.plan = plan;
        this.clipsPerStep = clipsPerStep;
        this.clips = clips;
        this.tokenizer = tokenizer;
        template = new PromptTemplate(tokenizer);
        scenes = plan.scenes();
        training = plan.training(scenes);
        coldStart = plan.coldStart(scenes);
        directions = Arrays.stream(Scene.Direction.values()).map(d -> tokenizer.encode(" " + d.word())).toList();
        // Which frame of the file each sampled frame is: the published rule, floor(i (n - 1) / (k - 1)).
        int k = clips.framesPerClip();
        stride = java.util.stream.IntStream.range(0, k).map(i -> k == 1 ? 0 : i * (Scene.FRAMES - 1) / (k - 1)).toArray();
    }

    @Override public Example example(String kind, long seed, String stage, int step, int index, int batch) {
        Draw d = Draw.of(seed, "example " + stage + " " + kind, step, index);
        Visual seen = seen(kind, seed, stage, step, index);
        Scene scene = scenes.get(seen.clip()).mirrored(seen.mirrorX(), seen.mirrorY());
        return switch (kind) {
            case "early_document" -> document(kind, DriftText.document(d, true));
            case "document" -> document(kind, DriftText.document(d, false));
            case "frame_caption" -> template.continuation(kind, seen, PLACEHOLDER, DriftText.frameCaption(scene, stride[seen.frame()]));
            case "caption" -> template.continuation(kind, seen, PLACEHOLDER, " " + DriftText.caption(scene));
            case "path" -> template.example(kind, seen, "Follow the objects.", DriftText.path(scene));
            case "description" -> description(kind, d, seen, scene);
            case "motion" -> onlyDirections(template.example(kind, seen, "Describe the video.", DriftText.caption(scene)));
            case "direct" -> {
                Question q = question(d, scene);
                yield template.example(kind, seen, PromptTemplate.question(q.problem(), Mode.DIRECT), q.answer() + " " + q.letter());
            }
            case "open" -> {
                Question q = question(d, scene);
                yield template.example(kind, seen, q.text(), q.finding() + ".");
            }
            case "cold_start" -> coldStart(d, seed, stage, step * batch + index);
            default -> throw new IllegalArgumentException("mix: unknown kind '" + kind + "'" + RecipeReader.suggestion(kind, ExampleKinds.DRIFT)
                    + "; drift has " + String.join(", ", ExampleKinds.DRIFT));
        };
    }

    // The clips of a step, whatever is asked about them: several tasks on one clip share its rows.
    private Visual seen(String kind, long seed, String stage, int step, int index) {
        if (!kind.equals("frame_caption")) return Visual.clip(Draw.of(seed, "clip " + stage, step, index % clipsPerStep).below(plan.trainClips()));
        Draw d = Draw.of(seed, "frame " + stage, step, index);
        return new Visual(d.below(plan.trainClips()), d.below(clips.framesPerClip()), false, false);
    }

    private static Question question(Draw d, Scene scene) { return Question.draw(d, scene, d.pick(List.of(Question.Kind.values()))); }

    private Example description(String kind, Draw d, Visual seen, Scene scene) {
        DriftText.Pair p = DriftText.description(d, scene);
        return template.example(kind, seen, p.given(), p.target().strip());
    }

    private Example onlyDirections(Example whole) {
        int[] labels = new int[whole.labels().length];
        Arrays.fill(labels, Example.IGNORE);
        for (int[] word : directions) {
            for (int at = 0; at + word.length <= labels.length; at++) {
                if (whole.labels()[at] != Example.IGNORE && Arrays.equals(whole.ids(), at, at + word.length, word, 0, word.length)) {
                    System.arraycopy(word, 0, labels, at, word.length);
                }
            }
        }
        return new Example(whole.kind(), whole.visual(), whole.ids(), labels);
    }

    private Example document(String kind, DriftText.Pair p) {
        int[] given = tokenizer.encode(p.given());
        int[] begun = new int[given.length + 1];
        begun[0] = tokenizer.eosId();
        System.arraycopy(given, 0, begun, 1, given.length);
        return template.continuation(kind, null, begun, p.target());
    }

    @Override public OptionalInt samples(String kind) { return kind.equals("cold_start") ? OptionalInt.of(coldStart.size()) : OptionalInt.empty(); }

    // Every epoch shows all 16 samples once, in a new order, mirrored at random and with the options shuffled anew: 16 clips alone would be
    // memorised.
    private Example coldStart(Draw d, long seed, String stage, int number) {
        int[] order = Draw.of(seed, "cold-start order " + stage, number / coldStart.size()).permutation(coldStart.size());
        DriftPlan.Asked sample = coldStart.get(order[number % coldStart.size()]);
        boolean x = d.chance(0.5);
        boolean y = d.chance(0.5);
        Scene scene = sample.scene().mirrored(x, y);
        Question q = sample.question();
        int thing = thing(sample);
        Question shuffled = Question.about(scene, q.kind(), thing, d.permutation(4));
        return template.example("cold_start", new Visual(sample.clip(), Visual.WHOLE, x, y),
                PromptTemplate.question(shuffled.problem(), Mode.REASONING),
                DriftText.reasoned(scene, shuffled).strip());
    }

    @Override public List<Prompt> prompts(long seed, String stage, int step, int count) {
        return PromptOrder.of(training, seed, stage, step, count).stream().map(a -> prompt(a, Mode.REASONING)).toList();
    }

    @Override public int questions() { return training.size(); }

    @Override public List<Prompt> heldOut(int count, Mode mode) {
        List<DriftPlan.Asked> all = plan.heldOut(scenes);
        return all.subList(0, count == 0 ? all.size() : Math.min(count, all.size())).stream().map(a -> prompt(a, mode)).toList();
    }

    private Prompt prompt(DriftPlan.Asked a, Mode mode) {
        Question q = a.question();
        int thing = thing(a);
        String reversed = reversedLetter(a.scene(), q, thing);
        return new Prompt(q.kind().word(), a.clip(), q.problem(), q.solution(), template.prompt(PromptTemplate.question(q.problem(), mode)),
                q.evidence(),
                q.kind().orderDependent(), "<answer>" + reversed + "</answer>");
    }

    // Which of the two things a question is about: its evidence names it.
    private static int thing(DriftPlan.Asked a) { return a.scene().things().getFirst().clause().equals(a.question().evidence()) ? 0 : 1; }

    // The same question with the same options, asked about the clip played backwards: "first" and "last" point to the other thing, a colour to the
    // same one.
    private static String reversedLetter(Scene scene, Question q, int thing) {
        boolean byOrder = q.asked().equals("first") || q.asked().equals("last");
        Scene back = scene.reversed();
        int asked = byOrder ? thing : scene.things().size() - 1 - thing;
        String answer = Question.about(back, q.kind(), asked, new int[] {0, 1, 2, 3}).answer();
        return String.valueOf((char) ('A' + q.options().indexOf(answer)));
    }

    @Override public byte[] frames(int clip) { return clips.frames(clip); }

    @Override public int framesPerClip() { return clips.framesPerClip(); }

    @Override public int imageSize() { return clips.size(); }

    @Override public String clipName(int clip) { return clips.name(clip); }

    @Override public String directAnswer(String completion) {
        String text = completion.strip();
        return text.isEmpty() ? "" : text.substring(text.length() - 1);
    }

    @Override public String contentHash() { return clips.contentHash(); }

    /// Texts to train a tokenizer on: what the examples above are made of.
    public static List<String> corpus(DriftPlan plan, int texts) {
        List<String> all = new java.util.ArrayList<>();
        String system = lucid.tokenizer.chat.Qwen2BaseTemplate.SYSTEM + "USER: \n";
        for (int i = 0; i < texts; i++) {
            Draw d = Draw.of(plan.seed(), "corpus", i);
            Scene scene = Scene.of(plan.seed(), i);
            Question q = question(d, scene);
            all.add(system + PromptTemplate.question(q.problem(), Mode.REASONING) + " ASSISTANT:" + DriftText.reasoned(scene, q));
            all.add(PromptTemplate.question(q.problem(), Mode.DIRECT) + " ASSISTANT: " + q.answer() + " " + q.letter());
            DriftText.Pair p = DriftText.description(d, scene);
            all.add(p.given() + p.target());
            all.add(DriftText.frameCaption(scene, d.below(Scene.FRAMES)));
            for (boolean early : new boolean[] {true, false}) {
                DriftText.Pair doc = DriftText.document(d, early);
                all.add(doc.given());
                all.add(doc.target());
            }
        }
        return all;
    }
}
