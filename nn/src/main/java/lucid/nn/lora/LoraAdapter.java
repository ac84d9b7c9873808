package lucid.nn.lora;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32;
import lucid.kernels.Device;
import lucid.kernels.math.Philox;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.weights.Declaration;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;

/// The matrices of an adapter in memory, f32: a parameter set of its own beside the model's, which stays as it is. A model that is
/// [lucid.nn.model.Qwen2#adapted] asks for them by layer (`model.layers.0.self_attn.q_proj.lora_A.weight`); training, hashing and saving this set is
/// training, hashing and saving the adapter.
///
/// @param fresh whether it began as nothing: B is 0, so the adapted model is its base
public record LoraAdapter(LoraSpec spec, ParameterSet parameters, boolean fresh) implements AutoCloseable {
    private static final int PURPOSE = 0x4C4F5241;

    /// A new one, as `peft` begins: A uniform in ±1/√in (Kaiming with a = √5), B zero. Each matrix from its own Philox stream.
    public static LoraAdapter fresh(Device device, LoraSpec spec, long seed) {
        return new LoraAdapter(spec, new ParameterSet(device, WeightSource.given(d -> start(seed, d))), true);
    }

    /// The one of a file.
    ///
    /// @throws WeightFileException when a model asks for what is not there, has other sizes, or does not ask for all of it
    public static LoraAdapter of(Device device, LoraFile file) {
        Set<String> left = new TreeSet<>(file.modules().keySet());
        return new LoraAdapter(file.spec(), new ParameterSet(device, WeightSource.given(d -> {
            left.remove(layer(d.name()));
            return stored(file, d);
        }, () -> requireNone(left))), false);
    }

    private static void requireNone(Set<String> left) {
        if (left.isEmpty()) return;
        throw new WeightFileException("adapter: found matrices for " + left.size() + " layers that the model does not have, first \""
                + left.iterator().next() + "\"; wanted the model that the adapter was made for");
    }

    private static String layer(String matrix) { return matrix.substring(0, matrix.length() - LoraFile.A.length()); }

    private static float[] start(long seed, Declaration d) {
        float[] values = new float[Math.toIntExact(d.elements())];
        if (d.name().endsWith(LoraFile.B)) return values;
        CRC32 crc = new CRC32();
        crc.update(d.name().getBytes(StandardCharsets.UTF_8));
        long key = Philox.key(Philox.key(seed, PURPOSE), (int) crc.getValue());
        float bound = (float) (1 / Math.sqrt(d.shape()[1]));
        for (int i = 0; i < values.length; i++) values[i] = (2 * Philox.uniform(Philox.word(key, i, 0, 0, 0)) - 1) * bound;
        return values;
    }

    private static float[] stored(LoraFile file, Declaration d) {
        boolean a = d.name().endsWith(LoraFile.A);
        String layer = layer(d.name());
        LoraFile.Module m = file.modules().get(layer);
        if (m == null)
            throw new WeightFileException("adapter: layer \"" + layer + "\" is missing: found " + file.modules().size() + " others, for example \""
                    + file.modules().keySet().iterator().next()
                + "\"; wanted every " + file.spec().targets() + " of the model");
        int[] found = a ? new int[] {m.r(), m.in()} : new int[] {m.out(), m.r()};
        if (!Arrays.equals(found, d.shape()))
            throw new WeightFileException("adapter: \"" + d.name() + "\": found " + Arrays.toString(found) + ", wanted " + Arrays.toString(d.shape())
                    + " from the model's config.json");
        return a ? m.a() : m.b();
    }

    /// Writes a folder that `peft` opens on the decoder alone.
    ///
    /// @param base name or folder of the model that it belongs to
    public void save(Path folder, String base) {
        LoraFile.writeConfig(folder, spec, base);
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        for (Parameter p : parameters.all()) ParameterSet.add(writer, LoraFile.PREFIX + p.name(), p.value(), StoredType.F32);
        writer.write(folder.resolve(LoraFile.WEIGHTS));
    }

    /// Whether two adapters differ in nothing but the order in which their targets are named, and in which blocks they leave out: that is the files'
    /// to say.
    public static boolean same(LoraSpec a, LoraSpec b) {
        return a.r() == b.r() && a.scale() == b.scale() && Set.copyOf(a.targets()).equals(Set.copyOf(b.targets()));
    }

    /// Overwrites the matrices with those of a file.
    ///
    /// @throws WeightFileException when it has not the same layers with the same sizes
    public void load(LoraFile file) {
        if (!same(file.spec(), spec)) {
            throw new WeightFileException("adapter: found " + file.spec() + ", wanted " + spec);
        }
        Set<String> left = new TreeSet<>(file.modules().keySet());
        parameters.all().forEach(p -> left.remove(layer(p.name())));
        requireNone(left);
        for (Parameter p : parameters.all()) {
            float[] values = stored(file, new Declaration(p.name(), null, p.shape().dims()));
            parameters.device().write(p.value().buffer(), 0, values);
        }
    }

    @Override public void close() { parameters.close(); }
}
