package lucid.grpo.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Where the data of a run lie now: the folder that its clips' names are relative to. A Drift data set has a folder of its own, whose name tells
/// which one it is.
///
/// @param run    the run's folder, for messages
/// @param places where they are looked for, in this order
public record RunData(Path run, List<Path> places) {
    /// @param named where the user says that they are: their folder, or the one that it lies in; null: where they were when the run was trained and,
    /// if run and data were moved together, where they lie from there
    public static RunData of(RunReader run, Path named) {
        List<Path> recorded = run.dataPlaces();
        if (named == null) return new RunData(run.root(), recorded);
        Path own = recorded.isEmpty() ? null : recorded.getFirst().getFileName();
        if (own == null || named.toAbsolutePath().normalize().endsWith(own)) return new RunData(run.root(), List.of(named));
        return new RunData(run.root(), run.config().at("/recipe/data/kind").asText().equals("drift") ? List.of(named.resolve(own))
                : List.of(named.resolve(own), named));
    }

    /// The first of the places that is there.
    public Optional<Path> folder() { return places.stream().filter(Files::isDirectory).findFirst(); }

    /// The same.
    ///
    /// @throws RunException none is
    public Path require() {
        return folder().orElseThrow(() -> new RunException(run + ": its data are not there; wanted them in " + where()
                + ", or name their folder with --data DIR"));
    }

    /// The places, for a sentence.
    public String where() {
        return places.isEmpty() ? "a folder that config.json does not name" : places.stream().map(Path::toString).collect(Collectors.joining(" or "));
    }
}
