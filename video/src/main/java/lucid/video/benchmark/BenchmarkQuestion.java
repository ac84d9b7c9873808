package lucid.video.benchmark;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// One question of a benchmark.
///
/// @param number  from 0, in the order of the files
/// @param id      unique within the benchmark
/// @param problem question and options as the published script shows them, without the instruction
/// @param choices in order
/// @param answer  the true letter
/// @param kinds   one value for each of the benchmark's ways of grouping
/// @param video   the clip, or the folder of its pictures
/// @param clip    how its frames are chosen; `from` and `to` are the question's bounds in seconds, NaN where it has none
public record BenchmarkQuestion(int number, String id, String problem, List<Choice> choices, String answer, Map<String, String> kinds, Path video,
        Benchmark.Clip clip, double from,
                                double to) {
    /// An option: its letter and its text as the published scripts compare it.
    public record Choice(String letter, String text) {}

    /// Whether the question is about a part of the clip.
    public boolean bounded() { return !Double.isNaN(from); }

    public List<String> letters() { return choices.stream().map(Choice::letter).toList(); }
}
