package lucid.nn.config;

import java.nio.file.Path;

/// What kind of model a configuration describes, by its `model_type`.
public enum ModelKind {
    /// TinyLLaVA-Video, see [TinyLlavaConfig].
    TINYLLAVA("tinyllava"),
    /// A plain Qwen2 or Qwen2.5 decoder, see [Qwen2Config].
    QWEN2("qwen2"),
    /// A SigLIP model, or its vision tower alone, see [SiglipVisionConfig].
    SIGLIP("siglip");

    private final String type;

    ModelKind(String type) { this.type = type; }

    /// Reads `config.json` (a file, or the folder it is in).
    ///
    /// @throws ConfigException for a model that Lucid does not know
    public static ModelKind read(Path path) { return of(ConfigReader.open(path)); }

    static ModelKind of(ConfigReader r) {
        String type = r.text("model_type", "");
        for (ModelKind kind : values()) {
            if (type.equals(kind.type) || kind == SIGLIP && type.equals("siglip_vision_model")) return kind;
        }
        throw r.bad("model_type", "tinyllava, qwen2, siglip or siglip_vision_model");
    }
}
