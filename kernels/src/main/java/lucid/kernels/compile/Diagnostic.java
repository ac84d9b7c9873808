package lucid.kernels.compile;

/// One message of an assembler. `line` is 0 where the assembler names none, `code` is empty where the message carries none (for example `C7515`).
public record Diagnostic(Severity severity, String file, int line, String code, String message) {
    /// As the assembler ranks it; `INFO` holds notes that are not about resources, the C75xx notes among them.
    public enum Severity { INFO, WARNING, ERROR }

    /// `true` for the notes by which the assembler says that it repaired or serialised asynchronous instructions: the text then does not mean what it
    /// says.
    public boolean performanceNote() {
        return code.startsWith("C75") || code.startsWith("C76");
    }

    @Override public String toString() {
        String where = line == 0 ? file : file + ":" + line;
        return where + ": " + severity.name().toLowerCase(java.util.Locale.ROOT) + (code.isEmpty() ? "" : " " + code) + ": " + message;
    }
}
