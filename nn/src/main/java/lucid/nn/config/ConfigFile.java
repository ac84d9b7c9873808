package lucid.nn.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/// A `config.json` as it lies, for those who must know what kind of model it is of, or pass it on with the keys that Lucid has no use for.
///
/// @param where names the file, for messages
public record ConfigFile(String where, ObjectNode json) {
    /// Reads a file, or `config.json` in a folder. Nothing in it is checked but that it is one JSON object without duplicate keys.
    public static ConfigFile read(Path path) {
        ConfigReader r = ConfigReader.open(path);
        return new ConfigFile(r.where(), (ObjectNode) r.node());
    }

    /// What it is of.
    ///
    /// @throws ConfigException for a model that Lucid does not know
    public ModelKind kind() { return ModelKind.of(new ConfigReader(where, json)); }
}
