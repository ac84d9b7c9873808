package lucid.kernels.ptx.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Variable;

/// A parsed `.ptx` file.
///
/// @param name the file's name, used in every message
/// @param version `.version`: major * 10 + minor
/// @param target `.target`: `sm_80`, `sm_90a`
/// @param variables module-scope `.global` and `.const` variables
/// @param entries in order
/// @param lines the source text, line by line
public record PtxModule(String name, int version, String target, List<Variable> variables, List<Entry> entries, List<String> lines) {

    /// Parses a file.
    ///
    /// @throws lucid.kernels.ptx.text.syntax.PtxSyntaxException with file and line for everything that is not understood
    public static PtxModule parse(Path path) throws IOException {
        return parse(path.getFileName().toString(), Files.readString(path));
    }

    /// Parses a text; `name` stands for the file in messages.
    ///
    /// @throws lucid.kernels.ptx.text.syntax.PtxSyntaxException with file and line for everything that is not understood
    public static PtxModule parse(String name, String text) {
        return new Parser(name, text).module();
    }

    /// The entry of that name; `null` or blank means the only one.
    ///
    /// @throws IllegalArgumentException when there is no such entry, or none was named and there are several
    public Entry entry(String entryName) {
        if ((entryName == null || entryName.isBlank()) && entries.size() == 1) {
            return entries.getFirst();
        }
        return entries.stream().filter(e -> e.name().equals(entryName)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                name + ": no entry '" + entryName + "'; it has " + entries.stream().map(Entry::name).toList()));
    }
}
