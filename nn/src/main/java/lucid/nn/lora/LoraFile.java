package lucid.nn.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongToDoubleFunction;
import java.util.regex.Pattern;
import lucid.nn.config.ConfigException;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.JsonText;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.WeightFile;
import lucid.nn.file.WeightFileException;

/// A low-rank adapter as `peft` writes it: `adapter_config.json` and `adapter_model.safetensors`, or `adapter_model.bin` as before version 0.6.
///
/// @param base    the model that it was made for, as the configuration names it; may be empty
/// @param modules by the name of the layer in the decoder, `model.layers.0.self_attn.q_proj`
public record LoraFile(LoraSpec spec, String base, Map<String, Module> modules) {
    /// The configuration's file.
    public static final String CONFIG = "adapter_config.json";
    /// The matrices' file.
    public static final String WEIGHTS = "adapter_model.safetensors";
    /// The same as PyTorch writes it; read where the other is not there.
    public static final String TORCH_WEIGHTS = "adapter_model.bin";
    static final String PREFIX = "base_model.model.";
    static final String A = ".lora_A.weight";
    static final String B = ".lora_B.weight";
    // What peft calls the decoder when the whole of TinyLLaVA was wrapped instead of its decoder.
    private static final String WRAPPED = "language_model.";
    private static final String BASE = "base_model_name_or_path";
    private static final String REVISION = "revision";
    private static final String INIT = "init_lora_weights";
    // Values of it, beside true and false, that draw the matrices and leave the base alone.
    private static final List<String> BASE_KEPT = List.of("gaussian", "orthogonal", "mica");
    // The number of a block in a whole name.
    private static final Pattern BLOCK = Pattern.compile("(^|\\.)\\d+\\.");
    private static final ObjectMapper JSON = new ObjectMapper();

    /// One adapted weight [out, in].
    ///
    /// @param a [r, in], b [out, r], row-major
    public record Module(int r, int in, int out, float[] a, float[] b) {
        /// One row of B·A, every element summed in double.
        void product(int row, double[] into) {
            Arrays.fill(into, 0);
            for (int k = 0; k < r; k++) {
                double factor = b[row * r + k];
                for (int i = 0; i < in; i++) into[i] += factor * a[k * in + i];
            }
        }
    }

    /// Whether a folder holds an adapter in peft's layout: its configuration lies there. Nothing is read.
    public static boolean isAdapter(Path folder) { return Files.isRegularFile(folder.resolve(CONFIG)); }

    /// The folder of the model that an adapter's folder names; any other folder is itself.
    ///
    /// @param elsewhere finds a model whose name is no folder as seen from the adapter's: a name on the hub, with `@REVISION` if the adapter has one;
    /// throws [ConfigException] with the reason
    /// @throws ConfigException if it is not to be had
    public static Path baseOf(Path folder, Function<String, Path> elsewhere) {
        if (!isAdapter(folder)) return folder;
        JsonNode config = config(folder.resolve(CONFIG));
        String name = config.path(BASE).asText("");
        if (name.isEmpty()) throw noBase(folder, name, "", null);
        Path base = folder.resolve(name).normalize();
        if (!Files.isDirectory(base)) {
            try {
                base = elsewhere.apply(config.hasNonNull(REVISION) ? name + "@" + config.get(REVISION).asText() : name);
            } catch (ConfigException e) {
                throw noBase(folder, name, " (" + e.getMessage() + ")", e);
            }
        }
        if (isAdapter(base)) throw noBase(folder, name, " (an adapter itself)", null);
        return base;
    }

    private static ConfigException noBase(Path folder, String name, String reason, ConfigException cause) {
        return new ConfigException(folder.resolve(CONFIG) + ": " + BASE + ": found '" + name + "'" + reason
                + ", wanted the model that the adapter was trained on: its folder, or ORG/NAME of the hub;"
                + " put that there, or merge the two with lucid convert --merge-adapter", cause);
    }

    /// Reads a folder.
    ///
    /// @throws ConfigException     a kind of adapter that is computed in another way
    /// @throws WeightFileException matrices that are damaged, half, or of other sizes
    public static LoraFile read(Path folder) {
        Path configFile = folder.resolve(CONFIG);
        JsonNode config = config(configFile);
        Map<String, Module> modules = new TreeMap<>();
        try (WeightFile file = WeightFile.open(weights(folder))) {
            int r = config.get("r").asInt();
            LoraTargets targets = new LoraTargets(config);
            for (String key : file.tensors().keySet()) {
                if (!key.startsWith(PREFIX) || !(key.endsWith(A) || key.endsWith(B))) {
                    throw new WeightFileException(file.path() + ": tensor \"" + key + "\": wanted " + PREFIX + "MODULE" + A + " or " + B);
                }
                String stem = key.substring(0, key.length() - A.length());
                if (key.endsWith(B)) {
                    if (!file.tensors().containsKey(stem + A))
                        throw new WeightFileException(file.path() + ": tensor \"" + key + "\" has no \"" + stem + A + "\" beside it");
                    continue;
                }
                requireTarget(file, key, targets.leavesOut(stem.substring(PREFIX.length())));
                modules.put(layer(stem), module(file.tensor(key), file.tensor(stem + B), r));
            }
            if (modules.isEmpty()) throw WeightFileException.of(file.path(), "found no tensors, wanted the matrices of an adapter");
        }
        return new LoraFile(spec(configFile, config, modules), config.path(BASE).asText(""), modules);
    }

    // peft drops such matrices with a warning: the model that it makes is another one than the file's.
    private static void requireTarget(WeightFile file, String key, String leavesOut) {
        if (leavesOut == null) return;
        throw new WeightFileException(file.path() + ": tensor \"" + key + "\": " + leavesOut + " of " + CONFIG
                + " leaves its layer out; wanted matrices of the adapted layers only, or a " + leavesOut + " that says so");
    }

    private static Path weights(Path folder) {
        for (String name : List.of(WEIGHTS, TORCH_WEIGHTS)) if (Files.isRegularFile(folder.resolve(name))) return folder.resolve(name);
        throw WeightFileException.of(folder, "found " + CONFIG + " and no matrices beside it, wanted " + WEIGHTS + " or " + TORCH_WEIGHTS);
    }

    private static Module module(StoredTensor a, StoredTensor b, int r) {
        if (a.shape().length != 2 || b.shape().length != 2)
            throw new WeightFileException(a.file() + ": tensor \"" + a.name() + "\" or its B is no matrix; only linear layers can be adapted");
        int in = a.intShape()[1];
        int out = b.intShape()[0];
        a.requireShape("r of " + CONFIG, r, in);
        b.requireShape("r of " + CONFIG, out, r);
        return new Module(r, in, out, a.toFloats(), b.toFloats());
    }

    private static String layer(String stem) {
        String name = stem.substring(PREFIX.length());
        return name.startsWith(WRAPPED) ? name.substring(WRAPPED.length()) : name;
    }

    private static LoraSpec spec(Path file, JsonNode config, Map<String, Module> modules) {
        // peft allows patterns and whole names here; what is really adapted is what the file holds.
        List<String> targets = modules.keySet().stream().map(m -> m.substring(m.lastIndexOf('.') + 1)).distinct().sorted().toList();
        try {
            return new LoraSpec(config.get("r").asInt(), config.path("lora_alpha").asDouble(), config.path("use_rslora").asBoolean(), targets,
                    leavesOut(config) ? modules.keySet() : Set.of());
        } catch (IllegalArgumentException e) {
            throw new ConfigException(file + ": " + e.getMessage(), e);
        }
    }

    // Ways of peft to say that not all blocks are adapted alike; or may not be. Any other adapter has its targets in every block, so that one of a
    // shallower model is found out.
    private static boolean leavesOut(JsonNode config) {
        JsonNode targets = config.path("target_modules");
        boolean named = targets.isTextual();
        for (JsonNode target : targets) named |= BLOCK.matcher(target.asText()).find();
        return named || config.hasNonNull("layers_to_transform") || config.hasNonNull("exclude_modules");
    }

    private static JsonNode config(Path file) {
        JsonNode n;
        try {
            n = JsonText.read(file);
        } catch (IOException e) {
            throw new ConfigException(file + ": " + JsonText.reason(e), e);
        }
        if (!n.isObject()) throw new ConfigException(file + ": wanted a JSON object");
        only(file, n, "peft_type", "LORA");
        only(file, n, "bias", "none");
        if (!n.path("r").isInt() || n.get("r").asInt() <= 0)
            throw new ConfigException(file + ": r: found " + found(n, "r") + ", wanted a whole number > 0");
        if (!n.path("lora_alpha").isNumber()) throw new ConfigException(file + ": lora_alpha: found " + found(n, "lora_alpha") + ", wanted a number");
        if (n.hasNonNull("use_rslora") && !n.get("use_rslora").isBoolean())
            throw new ConfigException(file + ": use_rslora: found " + n.get("use_rslora") + ", wanted true or false");
        if (n.hasNonNull(BASE) && !n.get(BASE).isTextual())
            throw new ConfigException(file + ": " + BASE + ": found " + n.get(BASE) + ", wanted a string");
        if (n.hasNonNull(REVISION) && !n.get(REVISION).isTextual())
            throw new ConfigException(file + ": " + REVISION + ": found " + n.get(REVISION) + ", wanted a string");
        for (String flag : List.of("use_dora", "fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora")) {
            boolean off = !n.hasNonNull(flag) || n.get(flag).isBoolean() && !n.get(flag).asBoolean();
            if (!off)
                throw new ConfigException(file + ": " + flag + ": found " + n.get(flag)
                        + ", wanted false: such an adapter is computed in another way");
        }
        for (String field : List.of("rank_pattern", "alpha_pattern", "modules_to_save", "layer_replication", "target_parameters",
                "trainable_token_indices", "alora_invocation_tokens")) {
            if (!n.path(field).isEmpty() || n.path(field).isValueNode() && !n.path(field).isNull()) {
                throw new ConfigException(file + ": " + field + ": found " + n.path(field)
                        + ", wanted none: one r and alpha for all layers, and no other weights");
            }
        }
        requireBaseKept(file, n);
        return n;
    }

    private static String found(JsonNode n, String field) { return n.has(field) ? n.get(field).toString() : "nothing"; }

    // Others (pissa, olora, loftq, corda ...) take the matrices out of the base's weights when peft loads them, and the adapter is right on the
    // changed base only.
    private static void requireBaseKept(Path file, JsonNode n) {
        JsonNode init = n.path(INIT);
        boolean kept = !n.hasNonNull(INIT) || init.isBoolean() || init.isTextual() && BASE_KEPT.contains(init.asText());
        if (!kept) throw new ConfigException(file + ": " + INIT + ": found " + init + ", wanted one of true, false, " + String.join(", ", BASE_KEPT)
                + ": other initialisations may change the base's weights too; save the adapter as a plain one (peft: "
                        + "path_initial_model_for_weight_conversion)");
    }

    private static void only(Path file, JsonNode n, String field, String wanted) {
        boolean same = !n.hasNonNull(field) || n.get(field).isTextual() && n.get(field).asText().equals(wanted);
        if (!same) throw new ConfigException(file + ": " + field + ": found " + n.get(field) + ", wanted " + wanted);
    }

    /// Writes `adapter_config.json`, which `peft` opens.
    static void writeConfig(Path folder, LoraSpec spec, String base) {
        ObjectNode c = JSON.createObjectNode();
        c.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("base_model_name_or_path", base).putNull("revision").put("inference_mode", true)
                .put("r", spec.r());
        if (spec.alpha() == Math.rint(spec.alpha())) c.put("lora_alpha", (long) spec.alpha());
        else c.put("lora_alpha", spec.alpha());
        c.put("lora_dropout", 0.0).put("bias", "none").put("fan_in_fan_out", false).put("init_lora_weights", true).put("use_rslora", spec.rsLora())
                .put("use_dora", false);
        c.putNull("modules_to_save").putNull("layers_to_transform").putNull("layers_pattern").putObject("rank_pattern");
        c.putObject("alpha_pattern");
        (spec.modules().isEmpty() ? spec.targets() : new TreeSet<>(spec.modules())).forEach(c.putArray("target_modules")::add);
        ByteBuffer text = ByteBuffer.wrap(JsonText.pretty(c).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve(CONFIG), out -> {
            while (text.hasRemaining()) out.write(text);
        });
    }

    /// The matrices that change a weight.
    ///
    /// @param weight name of the weight in a checkpoint, with or without `language_model.` in front
    /// @return null for a weight that is not adapted
    public Module of(String weight) {
        if (!weight.endsWith(".weight")) return null;
        String layer = weight.substring(0, weight.length() - ".weight".length());
        return modules.get(layer.startsWith(WRAPPED) ? layer.substring(WRAPPED.length()) : layer);
    }

    /// The elements of a weight with the adapter merged in (`sign` 1) or taken out again (`sign` -1), row-major: product and sum in double.
    ///
    /// @param values of the weight as it is
    public LongToDoubleFunction merged(Module m, LongToDoubleFunction values, int sign) {
        double scale = sign * (double) spec.scale();
        // Elements are mostly asked for in order: a row of the product is computed once, not element by element.
        double[] row = new double[m.in];
        long[] at = {-1};
        return element -> {
            if (element / m.in != at[0]) {
                at[0] = element / m.in;
                m.product((int) at[0], row);
            }
            return (float) (values.applyAsDouble(element) + scale * row[(int) (element % m.in)]);
        };
    }

    /// Layers whose matrices no weight of `names` belongs to.
    public List<String> notIn(Iterable<String> names) {
        Map<String, Module> left = new LinkedHashMap<>(modules);
        for (String name : names) {
            Module m = of(name);
            if (m != null) left.values().remove(m);
        }
        return new ArrayList<>(left.keySet());
    }
}
