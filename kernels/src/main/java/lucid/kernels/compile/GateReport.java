package lucid.kernels.compile;

import java.util.ArrayList;
import java.util.List;

/// The gate's answer for one file: each assembler's result, and why an assembler is missing on this machine.
public record GateReport(String file, String target, List<Compilation> compilations, List<String> unavailable) {
    public GateReport {
        compilations = List.copyOf(compilations);
        unavailable = List.copyOf(unavailable);
    }

    /// `true` when every assembler accepted the file.
    public boolean ok() {
        return compilations.stream().allMatch(Compilation::ok);
    }

    /// Everything that keeps the file from being one of ours, a line each: errors, spills, C75xx notes. Empty means accepted.
    public List<String> objections() {
        List<String> lines = new ArrayList<>();
        for (Compilation c : compilations) {
            c.errors().forEach(d -> lines.add(c.compiler() + ": " + d));
            c.performanceNotes().forEach(d -> lines.add(c.compiler() + ": " + d));
            c.entries().stream().filter(EntryUsage::spills).forEach(e -> lines.add(c.compiler() + ": " + file + ": " + e));
        }
        return lines;
    }
}
