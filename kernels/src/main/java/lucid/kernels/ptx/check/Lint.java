package lucid.kernels.ptx.check;

/// A note about the text of a program, made when it is loaded: not wrong, but likely to surprise.
///
/// @param file the module's name
/// @param line from 1
/// @param message what was found and what to write instead
public record Lint(String file, int line, String message) {
    @Override
    public String toString() {
        return file + ":" + line + ": note: " + message;
    }
}
