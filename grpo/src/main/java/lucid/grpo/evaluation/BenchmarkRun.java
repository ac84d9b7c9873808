package lucid.grpo.evaluation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import lucid.grpo.console.Console;
import lucid.grpo.data.Control;
import lucid.grpo.run.RunException;
import lucid.kernels.math.Philox;
import lucid.video.Frames;
import lucid.video.VideoException;
import lucid.video.benchmark.Benchmark;
import lucid.video.benchmark.BenchmarkClips;
import lucid.video.benchmark.BenchmarkQuestion;
import lucid.video.drift.Draw;
import lucid.video.file.VideoReader;

/// Asks the questions of a benchmark that have no answer yet, writes every answer down at once, and names the clips that could not be shown.
public final class BenchmarkRun {
    private static final int PURPOSE = 0x47554553;

    /// What becomes of questions whose clip is not there or cannot be decoded. They are counted and named in every case.
    public enum Missing {
        /// They are not part of the figures.
        LEAVE_OUT,
        /// Nothing is asked.
        STOP,
        /// They count as wrong answers.
        WRONG
    }

    /// What was found.
    ///
    /// @param notShown question's id to the reason why its clip could not be shown
    public record Outcome(Map<String, Answer> answers, Map<String, String> notShown) {
        /// Whether a question was answered, or could not be asked.
        boolean has(BenchmarkQuestion q) { return answers.containsKey(q.id()) || notShown.containsKey(q.id()); }
    }

    private final List<BenchmarkQuestion> questions;
    private final Protocol protocol;
    private final BenchmarkClips clips;
    private final Asker asker;
    private final Console console;

    /// @param clips shows `protocol.frames()`
    public BenchmarkRun(List<BenchmarkQuestion> questions, Protocol protocol, BenchmarkClips clips, Asker asker, Console console) {
        this.questions = questions;
        this.protocol = protocol;
        this.clips = clips;
        this.asker = asker;
        this.console = console;
    }

    /// So many questions, always the same ones for the same number and spread over the whole benchmark, in its order. 0: all.
    public static List<BenchmarkQuestion> some(List<BenchmarkQuestion> all, int count) {
        if (count <= 0 || count >= all.size()) return all;
        boolean[] taken = new boolean[all.size()];
        int[] order = Draw.of(0, "benchmark questions", all.size()).permutation(all.size());
        for (int i = 0; i < count; i++) taken[order[i]] = true;
        List<BenchmarkQuestion> some = new ArrayList<>();
        for (int i = 0; i < taken.length; i++) if (taken[i]) some.add(all.get(i));
        return some;
    }

    /// The clips that are not there, by question; with [Missing#STOP] that is an error.
    ///
    /// @param control with [Control#OTHER] it is an error if fewer than two clips are there
    public static Map<String, String> missing(List<BenchmarkQuestion> questions, Missing missing, Control control) {
        Map<String, String> none = new LinkedHashMap<>();
        for (BenchmarkQuestion q : questions)
            if (!BenchmarkClips.exists(q)) none.put(q.id(), q.video() + ": no such " + (q.clip().name().equals("PICTURES") ? "folder" : "file"));
        if (missing == Missing.STOP && !none.isEmpty()) {
            throw new RunException(none.size() + " of " + questions.size() + " questions are about clips that are not there, for example "
                    + none.values().iterator().next()
                    + "; get them, or use --missing leave_out or --missing wrong");
        }
        if (none.size() == questions.size())
            throw new RunException("none of the clips is there, for example " + none.values().iterator().next()
                    + "; name their folder with --videos");
        List<Path> there = questions.stream().filter(q -> !none.containsKey(q.id())).map(BenchmarkQuestion::video).distinct().toList();
        if (control == Control.OTHER && there.size() == 1) throw Control.noOther(there.getFirst());
        return none;
    }

    /// Looks at the beginning of every clip, for [Missing#STOP]: a question whose clip is no video is found before any other is asked.
    static void refuseWhatIsNoClip(List<BenchmarkQuestion> questions, Console console) {
        Map<Path, BenchmarkQuestion> clips = new LinkedHashMap<>();
        for (BenchmarkQuestion q : questions) if (q.clip() != Benchmark.Clip.PICTURES) clips.putIfAbsent(q.video(), q);
        try (Console.Bar bar = console.bar("looking at clips", clips.size()).patient()) {
            int done = 0;
            for (BenchmarkQuestion q : clips.values()) {
                VideoReader.check(q.video());
                bar.update(++done);
            }
        } catch (VideoException e) {
            throw new RunException("question " + clips.get(e.path()).id() + ": " + e.getMessage()
                    + "; get the clip again, or use --missing leave_out or --missing wrong");
        }
    }

    /// Asks what is not answered yet.
    ///
    /// @param log     knows the answers so far and keeps the new ones
    /// @param missing what a clip that cannot be decoded leads to
    /// @param stop    asked before every question: whether no more are wanted
    /// @return what there is; of all questions, unless it was stopped
    public Outcome run(AnswerLog log, Missing missing, BooleanSupplier stop) {
        Map<String, String> notShown = missing(questions, missing, protocol.control());
        int done = 0;
        int right = 0;
        for (BenchmarkQuestion q : questions) {
            Answer a = log.answers().get(q.id());
            done += a != null || notShown.containsKey(q.id()) ? 1 : 0;
            right += a != null && a.correct() ? 1 : 0;
        }
        try (Console.Bar bar = console.bar("asking", questions.size()).from(done)) {
            for (BenchmarkQuestion q : byClip()) {
                if (log.answers().containsKey(q.id()) || notShown.containsKey(q.id())) continue;
                if (stop.getAsBoolean()) break;
                try {
                    Answer a = answer(q, shown(q));
                    log.add(a);
                    right += a.correct() ? 1 : 0;
                } catch (VideoException e) {
                    if (missing == Missing.STOP) throw e;
                    notShown.put(q.id(), e.getMessage());
                    console.line("question " + q.id() + " is not asked: " + e.getMessage());
                }
                bar.update(++done, String.format(Locale.ROOT, "right %d of %d", right, log.answers().size()));
            }
        }
        return new Outcome(log.answers(), notShown);
    }

    // Questions about one clip after each other: it is decoded and looked at once. No answer depends on the order.
    private List<BenchmarkQuestion> byClip() {
        Map<Path, List<BenchmarkQuestion>> clipsInOrder = new LinkedHashMap<>();
        for (BenchmarkQuestion q : questions) clipsInOrder.computeIfAbsent(q.video(), _ -> new ArrayList<>()).add(q);
        return clipsInOrder.values().stream().flatMap(List::stream).toList();
    }

    private Frames shown(BenchmarkQuestion q) {
        Frames f = clips.frames(protocol.control() == Control.OTHER ? another(q) : q);
        return new Frames(f.n(), f.height(), f.width(), protocol.control().of(f.rgb(), f.n(), q.number()), f.fps(), f.indices());
    }

    private BenchmarkQuestion another(BenchmarkQuestion q) {
        return questions.get(Control.other(questions.size(), questions.indexOf(q),
                i -> !questions.get(i).video().equals(q.video()) && BenchmarkClips.exists(questions.get(i)))
                .orElseThrow(() -> Control.noOther(q.video())));
    }

    private Answer answer(BenchmarkQuestion q, Frames frames) {
        long start = System.nanoTime();
        Asker.Reply reply = asker.ask(q.number(), protocol.user(q.problem()), frames, protocol);
        Extraction e = protocol.direct() ? Extraction.ofDirect(reply.text(), q.choices()) : Extraction.ofReasoning(reply.text(), q.choices());
        boolean guess = protocol.guesses() && e.letter() == null && e.found() != Extraction.Found.EMPTY;
        String letter = guess ? guess(q) : e.letter();
        double seconds = Math.round((System.nanoTime() - start) / 1e6) / 1e3;
        return new Answer(q.id(), q.answer(), letter, e.found(), guess, reply.text(), reply.tokens(), reply.ended(), seconds);
    }

    // Uniform over the options, from the seed and the question's number.
    private String guess(BenchmarkQuestion q) {
        float u = Philox.uniform(Philox.word(Philox.key(protocol.seed(), PURPOSE), q.number(), 0, 0, 0));
        return q.letters().get((int) (u * q.letters().size()));
    }
}
