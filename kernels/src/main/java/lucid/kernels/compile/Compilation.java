package lucid.kernels.compile;

import java.util.List;

/// What one assembler said of one file: the use of each entry point (empty after an error) and every message.
public record Compilation(String compiler, String target, List<EntryUsage> entries, List<Diagnostic> diagnostics) {
    public Compilation {
        entries = List.copyOf(entries);
        diagnostics = List.copyOf(diagnostics);
    }

    public List<Diagnostic> errors() {
        return diagnostics.stream().filter(d -> d.severity() == Diagnostic.Severity.ERROR).toList();
    }

    /// The C75xx notes; a kernel that draws one is not accepted.
    public List<Diagnostic> performanceNotes() {
        return diagnostics.stream().filter(Diagnostic::performanceNote).toList();
    }

    /// Whether it compiled: warnings and performance notes may be there all the same.
    public boolean ok() {
        return errors().isEmpty();
    }
}
