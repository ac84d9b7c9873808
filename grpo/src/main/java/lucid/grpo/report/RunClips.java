package lucid.grpo.report;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import lucid.grpo.run.RunData;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunReader;

/// The clips of a run, wherever they lie now.
final class RunClips {
    private final RunData data;
    private final boolean named;
    private final Consumer<String> notices;
    private boolean told;

    /// @param named   see [RunData#of]
    /// @param notices is told once if clips are not there
    RunClips(RunReader run, Path named, Consumer<String> notices) {
        this.notices = notices;
        this.named = named != null;
        data = RunData.of(run, named);
    }

    /// A clip's frames as data URIs; none if it is not there, which is fatal only where the user said that it is.
    List<String> frames(String clip) {
        Optional<Path> place = data.places().stream().filter(p -> Files.isRegularFile(p.resolve(clip))).findFirst();
        if (place.isPresent()) return FrameImages.of(place.get(), clip);
        String missing = "clip " + clip + " is not in " + data.where();
        if (named) throw new RunException(missing + "; wanted the run's clips there (--data)");
        if (!told) notices.accept(missing + ": the report shows no frames of such clips (--data names where they lie now)");
        told = true;
        return List.of();
    }
}
