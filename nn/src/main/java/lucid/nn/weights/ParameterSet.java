package lucid.nn.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFiles;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// The parameters of a model by published name, in the order in which its layers asked for them; owns their memory. Frozen until [#train].
public final class ParameterSet implements AutoCloseable {
    private final Scope scope;
    private final WeightSource source;
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();

    /// An empty set that fills from `source` as layers are built on it.
    public ParameterSet(Device device, WeightSource source) {
        this.scope = Scope.holding(device);
        this.source = Objects.requireNonNull(source, "source");
    }

    /// Declares a parameter: called by layers while the model is built.
    public Tensor declare(String name, Role role, int... shape) {
        if (parameters.containsKey(name)) throw new IllegalStateException("parameter \"" + name + "\" was declared twice");
        Parameter p = new Parameter(name, source.take(scope, name, role, shape)).trainable(false);
        parameters.put(name, p);
        return p.value();
    }

    /// A fixed table that lives with the model but is no parameter.
    public Tensor constant(float[] values, int... shape) { return Tensor.of(scope, values, shape); }

    /// The model is complete: refuses weights nobody asked for.
    public ParameterSet finish() {
        source.finish();
        return this;
    }

    public Device device() { return scope.device(); }

    /// The scope that owns the parameters.
    public Scope scope() { return scope; }

    /// All parameters, in the order in which the layers asked for them.
    public Collection<Parameter> all() { return Collections.unmodifiableCollection(parameters.values()); }

    /// Parameters that are being trained, in order.
    public List<Parameter> trainable() { return parameters.values().stream().filter(Parameter::trainable).toList(); }

    public boolean has(String name) { return parameters.containsKey(name); }

    /// True if the source of the parameters has one of that name, asked for or not.
    public boolean stores(String name) { return source.has(name); }

    /// @throws IllegalArgumentException if the model has none of that name
    public Parameter get(String name) {
        Parameter p = parameters.get(name);
        if (p == null)
            throw new IllegalArgumentException("no parameter \"" + name + "\"; the model has " + parameters.size() + ", for example \""
                    + parameters.keySet().iterator().next() + "\"");
        return p;
    }

    /// Trains exactly the parameters whose names fit, freezes the others, and drops gradients.
    ///
    /// @throws IllegalStateException if one of them is not kept in f32, or the weights lie in a mapped file (see [WeightSource.Precision])
    public ParameterSet train(Predicate<String> names) {
        zeroGrad();
        for (Parameter p : parameters.values()) {
            boolean wanted = names.test(p.name());
            if (wanted && p.value().dtype() != DType.F32) {
                throw new IllegalStateException("train: parameter \"" + p.name() + "\" is kept in " + p.value().dtype()
                        + ", wanted F32 master weights; load the model with Precision.F32");
            }
            if (wanted && !source.writable())
                throw new IllegalStateException("train: parameter \"" + p.name()
                        + "\" lies in a mapped file that is read-only; load the model with Precision.F32");
            p.trainable(wanted);
        }
        return this;
    }

    /// Frees all gradients: before the next step's first backward.
    public void zeroGrad() { parameters.values().forEach(Parameter::zeroGrad); }

    /// Number of numbers in the parameters whose names fit.
    public long count(Predicate<String> names) {
        return parameters.values().stream().filter(p -> names.test(p.name())).mapToLong(p -> p.shape().size()).sum();
    }

    /// Number of numbers in all parameters (a tied head counts once).
    public long count() { return count(_ -> true); }

    /// Overwrites the values with those of a checkpoint of the same model, one after the other: no second model is held.
    ///
    /// @param ignorable names that may be left over
    /// @throws lucid.nn.file.WeightFileException one is missing, has another shape or no floating type, or is left over: nothing is changed
    public void load(WeightFiles files, Predicate<String> ignorable) {
        requireWritable("load");
        var stored = new WeightSource.Stored(files, WeightSource.Precision.F32, ignorable, new HashSet<>());
        parameters.forEach((name, p) -> stored.wanted(name, p.shape().dims()));
        stored.finish();
        parameters.forEach((name, p) -> WeightSource.widen(files.tensor(name), p.value()));
    }

    private void requireWritable(String operation) {
        if (!source.writable())
            throw new IllegalStateException(operation + ": these weights lie in a mapped file that is read-only; load the model with Precision.F32");
    }

    /// Overwrites the values with those of a set of the same names and shapes (a reference model's snapshot, say).
    public void copyFrom(ParameterSet other) {
        requireWritable("copyFrom");
        if (!other.parameters.keySet().equals(parameters.keySet()))
            throw new IllegalArgumentException("copyFrom: the two models have different parameters");
        parameters.forEach((name, p) -> p.value().copyFrom(other.parameters.get(name).value()));
    }

    /// Writes all parameters into one safetensors file, whole or not at all.
    ///
    /// @param type F32, or BF16 (rounded to nearest even); matrices kept in bf16 are written as they are
    public void save(Path file, StoredType type) {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        for (Parameter p : parameters.values()) add(writer, p.name(), p.value(), type);
        writer.write(file);
    }

    /// Adds a tensor to a file, converted where the types differ.
    public static void add(SafetensorsWriter writer, String name, Tensor value, StoredType type) {
        if (type != StoredType.F32 && type != StoredType.BF16) throw new IllegalArgumentException("save: type " + type + ", wanted F32 or BF16");
        long[] shape = Arrays.stream(value.shape().dims()).asLongStream().toArray();
        DType kept = value.dtype();
        if (kept == DType.F32 && type == StoredType.F32) {
            writer.add(name, type, shape, (from, count, chunk) -> {
                float[] part = new float[count];
                value.device().read(value.buffer(), from, part);
                chunk.asFloatBuffer().put(part);
            });
        } else if (type == StoredType.BF16 && (kept == DType.F32 || kept == DType.BF16)) {
            writer.add(name, type, shape, (from, count, chunk) -> bf16(value, from, count, chunk.order(ByteOrder.LITTLE_ENDIAN)));
        } else {
            throw new IllegalArgumentException("save: parameter \"" + name + "\" is kept in " + kept + " and cannot be written as " + type
                    + "; save as BF16, or load with Precision.F32");
        }
    }

    private static void bf16(Tensor value, long from, int count, ByteBuffer chunk) {
        Device device = value.device();
        short[] part = new short[count];
        if (value.dtype() == DType.BF16) {
            device.read(value.buffer(), from, part);
        } else {
            try (var narrow = device.allocate(DType.BF16, count)) {
                Matrix wide = new Matrix(value.buffer(), from, 1, count, count);
                device.conversion().convert(wide, Matrix.of(narrow, 1, count));
                device.read(narrow, 0, part);
            }
        }
        chunk.asShortBuffer().put(part);
    }

    /// Frees the parameters.
    @Override public void close() { scope.close(); }
}
