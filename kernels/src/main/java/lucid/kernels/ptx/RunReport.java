package lucid.kernels.ptx;

import java.util.List;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Lint;
import lucid.kernels.ptx.machine.launch.Counters;
import lucid.kernels.ptx.machine.launch.Geometry;
import lucid.kernels.ptx.text.syntax.Entry;

/// What a run has shown.
///
/// @param file the module's name
/// @param entry what ran
/// @param geometry how large
/// @param findings what is wrong, empty for a clean run
/// @param droppedFindings further distinct findings that were counted only
/// @param counters what ran how often
/// @param notes about instructions that are legal but likely to surprise, from loading the entry
public record RunReport(String file, Entry entry, Geometry geometry, List<Finding> findings, long droppedFindings, Counters counters,
        List<Lint> notes) {

    /// What the run did, added up.
    public Profile profile() {
        return Profile.of(entry, counters);
    }

    /// True when nothing was found.
    public boolean clean() {
        return findings.isEmpty();
    }
}
