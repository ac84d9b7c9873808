package lucid.grpo.report;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunReader;

/// The clips of a run, wherever they lie now.
final class RunClips {
    private final List<Path> places = new ArrayList<>();
    private final boolean named;
    private final Consumer<String> notices;
    private boolean told;

    /// @param data    the data set's folder, or the one that it lies in; null: where the run found it, or, if it was moved together with the run, where it lies from there
    /// @param notices is told once if clips are not there
    RunClips(RunReader run, Path data, Consumer<String> notices) {
        this.notices = notices;
        List<Path> recorded = run.dataPlaces();
        named = data != null;
        if (named) {
            places.add(data);
            if (recorded.getFirst().getFileName() != null) places.add(data.resolve(recorded.getFirst().getFileName().toString()));
        } else {
            places.addAll(recorded);
        }
    }

    /// A clip's frames as data URIs; none if it is not there, which is fatal only where the user said that it is.
    List<String> frames(String clip) {
        Optional<Path> place = places.stream().filter(p -> Files.isRegularFile(p.resolve(clip))).findFirst();
        if (place.isPresent()) return FrameImages.of(place.get(), clip);
        String missing = "clip " + clip + " is not in " + String.join(" or ", places.stream().map(Path::toString).toList());
        if (named) throw new RunException(missing + "; wanted the run's clips there (--data)");
        if (!told) notices.accept(missing + ": the report shows no frames of such clips (--data names where they lie now)");
        told = true;
        return List.of();
    }
}
