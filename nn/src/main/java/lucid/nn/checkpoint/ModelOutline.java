package lucid.nn.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ConfigFile;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraFile;
import lucid.nn.model.Qwen2;
import lucid.nn.model.SiglipVision;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Declaration;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;

/// A model without its numbers: what a configuration makes of the layers, by asking the layers themselves.
///
/// @param parameters in the order of the layers; a tied head is not among them
public record ModelOutline(Architecture architecture, List<Declaration> parameters) {
    /// The models that Lucid has, with their sizes.
    public sealed interface Architecture {
        /// True for names that a checkpoint may hold although the model does not ask for them.
        boolean mayIgnore(String name);
    }

    /// The whole video-language model.
    public record Video(TinyLlavaConfig config) implements Architecture {
        @Override public boolean mayIgnore(String name) { return TinyLlavaVideo.ignorable(config, name); }
    }

    /// A decoder alone.
    public record Text(Qwen2Config config) implements Architecture {
        @Override public boolean mayIgnore(String name) { return Qwen2.ignorable("", config, name); }
    }

    /// A vision tower alone, or the vision half of a whole SigLIP model.
    public record Vision(SiglipVisionConfig config) implements Architecture {
        @Override public boolean mayIgnore(String name) { return SiglipVision.ignorable(name); }
    }

    /// The model that a configuration describes. No weights are looked at.
    ///
    /// @throws ConfigException if it is of no model that Lucid has
    public static ModelOutline of(ConfigFile file) { return of(file, _ -> false); }

    /// The same, with the names as a checkpoint has them: a vision tower is stored in two spellings (see [SiglipVision#of]).
    ///
    /// @param stored true for the names in the checkpoint
    public static ModelOutline of(ConfigFile file, Predicate<String> stored) {
        return of(switch (file.kind()) {
            case TINYLLAVA -> new Video(TinyLlavaConfig.parse(file.where(), file.json()));
            case QWEN2 -> new Text(Qwen2Config.parse(file.where(), file.json()));
            case SIGLIP -> new Vision(SiglipVisionConfig.parse(file.where(), file.json()));
        }, stored);
    }

    /// The same for sizes that are known, with the published names.
    public static ModelOutline of(Architecture architecture) { return of(architecture, _ -> false); }

    private static ModelOutline of(Architecture architecture, Predicate<String> stored) {
        Consumer<ParameterSet> build = switch (architecture) {
            case Video(var c) -> p -> TinyLlavaVideo.of(p, c);
            case Text(var c) -> p -> Qwen2.of(p, "", c);
            case Vision(var c) -> p -> SiglipVision.of(p, "", c);
        };
        return new ModelOutline(architecture, declared(stored, build));
    }

    private static List<Declaration> declared(Predicate<String> stored, Consumer<ParameterSet> build) {
        List<Declaration> out = new ArrayList<>();
        // Sets of parameters need a device that owns their memory. This one has no threads, and nothing is computed on it.
        try (Device device = new ReferenceDevice(); ParameterSet p = new ParameterSet(device, WeightSource.outline(out, stored))) {
            build.accept(p);
        }
        return List.copyOf(out);
    }

    /// Refuses an adapter of another model in the words in which opening the two together does.
    ///
    /// @throws lucid.nn.file.WeightFileException if layers of this model have no matrices in it, or others
    public void requireFits(LoraFile file) {
        declared(_ -> false, p -> {
            try (LoraAdapter adapter = LoraAdapter.of(p.device(), file)) {
                switch (architecture) {
                    case Video(var c) -> TinyLlavaVideo.of(p, c).adapted(adapter);
                    case Text(var c) -> Qwen2.of(p, "", c).adapted(adapter);
                    case Vision _ -> throw new ConfigException("adapter: found a SigLIP model, which only sees; wanted the model that the adapter "
                            + "was trained on");
                }
            }
        });
    }

    /// Numbers in the parameters whose names fit.
    public long count(Predicate<String> names) {
        return parameters.stream().filter(p -> names.test(p.name())).mapToLong(Declaration::elements).reduce(0, Math::addExact);
    }

    /// Numbers in all parameters.
    public long count() { return count(_ -> true); }
}
