package lucid.grpo.session;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunException;
import lucid.grpo.run.Sha256List;

/// `clips.sha256` of a run's folder: which clips it began with, as `sha256sum` writes it. That a clip was changed shows in `data_sha256` of the
/// config; this says which one.
final class ClipList {
    private final Path file;

    ClipList(Path run) { file = run.resolve("clips.sha256"); }

    /// @param hashes of the clips by their names; nothing is written for none
    void write(Map<String, String> hashes) {
        if (!hashes.isEmpty()) Disk.text(file, Sha256List.text(hashes));
    }

    /// @throws RunException a clip is another than the one that the run began with
    void check(Map<String, String> hashes) {
        Map<String, String> begun = Sha256List.read(file);
        List<String> changed = hashes.keySet().stream().filter(name -> begun.containsKey(name) && !begun.get(name).equals(hashes.get(name))).toList();
        if (changed.isEmpty()) return;
        String first = changed.getFirst();
        throw new RunException("clip " + first + " was changed since the run began: found content of SHA-256 " + hashes.get(first) + ", " + file
                + " says " + begun.get(first)
                + " (changed clips: " + changed.size() + " of " + hashes.size()
                        + "); nothing was changed in the run. Put back what was there, or use another --out");
    }
}
