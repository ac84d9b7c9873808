package lucid.nn.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import lucid.nn.config.ConfigException;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.WeightFileException;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// A low-rank adapter as `peft` writes it: every adapted weight is `W + scale · B·A` (Hu et al. 2021). Lucid merges adapters into the weights and
/// can say what gradient A and B would have; it does not train them.
///
/// @param scale alpha / r, or alpha / √r with `use_rslora`
public record LoraAdapter(float scale, List<Module> modules) {
    private static final String PREFIX = "base_model.model.";

    /// One adapted weight.
    ///
    /// @param parameter name of the weight it changes
    /// @param name      name of the module in the adapter file, without `.lora_A.weight`
    /// @param a         [r, in], b [out, r], row-major
    public record Module(String parameter, String name, int r, int in, int out, float[] a, float[] b) {}

    /// Gradients of one module's matrices.
    public record ModuleGradient(Module module, float[] a, float[] b) {}

    /// Reads `adapter_config.json` and `adapter_model.safetensors`.
    public static LoraAdapter read(Path folder) {
        JsonNode config = config(folder.resolve("adapter_config.json"));
        int r = config.path("r").asInt();
        double alpha = config.path("lora_alpha").asDouble();
        double scale = config.path("use_rslora").asBoolean() ? alpha / Math.sqrt(r) : alpha / r;
        List<Module> modules = new ArrayList<>();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
            for (String key : file.tensors().keySet()) {
                if (!key.startsWith(PREFIX) || !(key.endsWith(".lora_A.weight") || key.endsWith(".lora_B.weight"))) {
                    throw new WeightFileException(file.path() + ": tensor \"" + key + "\": wanted " + PREFIX + "MODULE.lora_A.weight or .lora_B.weight");
                }
                if (key.endsWith(".lora_B.weight")) continue;
                String name = key.substring(0, key.length() - ".lora_A.weight".length());
                var a = file.tensor(key);
                var b = file.tensor(name + ".lora_B.weight");
                int in = a.intShape()[1];
                int out = b.intShape()[0];
                a.requireShape("r of adapter_config.json", r, in);
                b.requireShape("r of adapter_config.json", out, r);
                modules.add(new Module(name.substring(PREFIX.length()) + ".weight", name, r, in, out, a.toFloats(), b.toFloats()));
            }
        }
        return new LoraAdapter((float) scale, List.copyOf(modules));
    }

    private static JsonNode config(Path file) {
        try {
            JsonNode n = new ObjectMapper().readTree(file.toFile());
            if (n.path("r").asInt() <= 0) throw new ConfigException(file + ": r: found " + n.path("r") + ", wanted a whole number > 0");
            if (n.path("use_dora").asBoolean() || n.path("fan_in_fan_out").asBoolean()) throw new ConfigException(file + ": use_dora, fan_in_fan_out: wanted false");
            return n;
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read as JSON: " + e.getMessage(), e);
        }
    }

    /// Adds `scale · B·A` to the weights, product and sum in double.
    public void merge(ParameterSet parameters) {
        for (Module m : modules) {
            Parameter p = weight(parameters, m);
            float[] w = p.value().toFloats();
            for (int o = 0; o < m.out; o++) {
                for (int i = 0; i < m.in; i++) {
                    double sum = 0;
                    for (int k = 0; k < m.r; k++) sum += (double) m.b[o * m.r + k] * m.a[k * m.in + i];
                    w[o * m.in + i] = (float) (w[o * m.in + i] + scale * sum);
                }
            }
            try (Scope s = Scope.open(parameters.device())) {
                p.value().copyFrom(Tensor.of(s, w, m.out, m.in));
            }
        }
    }

    /// Gradients of A and B from those of the merged weights, by the chain rule: `dB = scale · dW·Aᵀ`, `dA = scale · Bᵀ·dW`.
    public List<ModuleGradient> gradients(ParameterSet parameters) {
        List<ModuleGradient> out = new ArrayList<>();
        for (Module m : modules) {
            float[] dw = weight(parameters, m).grad().toFloats();
            double[] da = new double[m.r * m.in];
            double[] db = new double[m.out * m.r];
            for (int o = 0; o < m.out; o++) {
                for (int i = 0; i < m.in; i++) {
                    double g = (double) scale * dw[o * m.in + i];
                    for (int k = 0; k < m.r; k++) {
                        da[k * m.in + i] += g * m.b[o * m.r + k];
                        db[o * m.r + k] += g * m.a[k * m.in + i];
                    }
                }
            }
            out.add(new ModuleGradient(m, narrow(da), narrow(db)));
        }
        return out;
    }

    private static float[] narrow(double[] d) {
        float[] f = new float[d.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) d[i];
        return f;
    }

    private static Parameter weight(ParameterSet parameters, Module m) {
        Parameter p = parameters.get(m.parameter);
        if (p.shape().rank() != 2 || p.shape().dim(0) != m.out || p.shape().dim(1) != m.in) {
            throw new WeightFileException("adapter module " + m.name + ": found [" + m.out + ", " + m.in + "], wanted " + p.shape());
        }
        return p;
    }
}
