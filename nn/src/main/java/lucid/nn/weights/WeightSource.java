package lucid.nn.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.zip.CRC32;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.math.Philox;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Where a model's parameters come from. Layers ask for every parameter by its published name; [#finish] then checks that nothing is left over.
public sealed interface WeightSource {
    /// In which type matrices are kept.
    enum Precision {
        /// Everything as f32: the master weights of training, and exact comparison.
        F32,
        /// Nothing is copied that a kernel can read where it lies: all f32, and the matrices of bf16 and f16 files, which kernels widen exactly.
        /// For inference: the file is mapped read-only, so such weights can be neither trained nor overwritten.
        STORED
    }

    /// The parameter of that name.
    ///
    /// @throws WeightFileException if it is missing or has another shape
    Tensor take(Scope scope, String name, Role role, int... shape);

    /// True if a parameter of that name can be had (an optional one, such as a stored tied head).
    boolean has(String name);

    /// False if parameters may lie in a file that is mapped read-only.
    boolean writable();

    /// Called when the model is complete.
    ///
    /// @throws WeightFileException if there are parameters that the model did not ask for
    void finish();

    /// Weights of a checkpoint. The files must stay open as long as the model with [Precision#STORED].
    ///
    /// @param ignorable names that may be left over
    static WeightSource of(WeightFiles files, Precision precision, Predicate<String> ignorable) {
        return new Stored(files, precision, ignorable, new HashSet<>());
    }

    /// Random weights: each from its own Philox stream (seed, name), so neither order nor other parameters matter.
    static WeightSource random(long seed, Initialization init) { return new Random(seed, init); }

    /// The values of another model of the same layers.
    static WeightSource copy(ParameterSet of) { return new Copy(of); }

    /// No weights at all: writes down into `declared` what a model asks for. Its tensors have shapes and no memory, and no kernel takes them.
    ///
    /// @param stored true for names that a checkpoint has: some layers are named as they find themselves stored
    static WeightSource outline(List<Declaration> declared, Predicate<String> stored) { return new Outline(declared, stored); }

    /// Values that a function knows, row-major: small sets beside a model's own.
    static WeightSource given(Function<Declaration, float[]> values) { return given(values, () -> {}); }

    /// The same of a set that has an end.
    ///
    /// @param finish see [#finish]
    static WeightSource given(Function<Declaration, float[]> values, Runnable finish) { return new Given(values, finish); }

    /// The same weights, with the matrices of roles that may stay narrow rounded to `type`, as a checkpoint of that type has them.
    default WeightSource narrowed(DType type) { return new Narrowed(this, type); }

    /// See [WeightSource#narrowed].
    record Narrowed(WeightSource wide, DType type) implements WeightSource {
        @Override public boolean has(String name) { return wide.has(name); }

        @Override public boolean writable() { return false; }

        @Override public Tensor take(Scope scope, String name, Role role, int... shape) {
            if (!role.mayStayNarrow()) return wide.take(scope, name, role, shape);
            try (Scope step = Scope.open(scope.device())) {
                return scope.adopt(wide.take(step, name, role, shape).to(type));
            }
        }

        @Override public void finish() { wide.finish(); }
    }

    /// Overwrites an f32 tensor with a stored one of its shape. A device that reads mapped files holds nothing beside it.
    ///
    /// @throws WeightFileException if it has no floating type
    static void widen(StoredTensor t, Tensor out) {
        t.requireFloating();
        Device device = out.device();
        if (t.type() == StoredType.F64 || t.data().address() % t.type().bytes() != 0) {
            if (t.elements() > 0) device.write(out.buffer(), 0, t.toFloats());
            return;
        }
        DType type = Stored.dtype(t.type());
        try (Buffer mapped = device.adopt(type, t.data())) {
            Matrix from = Matrix.of(mapped, out.shape().rows(), out.shape().cols());
            if (type == DType.F32) device.elementwise().copy(from, out.matrix());
            else device.conversion().convert(from, out.matrix());
        }
    }

    /// See [WeightSource#given].
    record Given(Function<Declaration, float[]> values, Runnable complete) implements WeightSource {
        @Override public boolean has(String name) { return false; }

        @Override public boolean writable() { return true; }

        @Override public Tensor take(Scope scope, String name, Role role, int... shape) {
            return Tensor.of(scope, values.apply(new Declaration(name, role, shape)), shape);
        }

        @Override public void finish() { complete.run(); }
    }

    /// See [WeightSource#copy].
    record Copy(ParameterSet of) implements WeightSource {
        @Override public boolean has(String name) { return of.has(name); }

        @Override public boolean writable() { return true; }

        @Override public Tensor take(Scope scope, String name, Role role, int... shape) {
            Tensor value = of.get(name).value();
            Tensor out = Tensor.undefined(scope, value.dtype(), shape);
            out.copyFrom(value);
            return out;
        }

        @Override public void finish() {}
    }

    /// See [WeightSource#of].
    record Stored(WeightFiles files, Precision precision, Predicate<String> ignorable, Set<String> taken) implements WeightSource {
        @Override public boolean has(String name) { return files.has(name); }

        @Override public boolean writable() { return precision == Precision.F32; }

        @Override public Tensor take(Scope scope, String name, Role role, int... shape) {
            StoredTensor t = wanted(name, shape);
            if (precision == Precision.STORED && readable(t, role)) return stored(scope, t, shape);
            Tensor out = Tensor.undefined(scope, DType.F32, shape);
            widen(t, out);
            return out;
        }

        /// The stored tensor of that name; only the header is looked at.
        StoredTensor wanted(String name, int... shape) {
            if (!files.has(name)) throw missing(name);
            StoredTensor t = files.tensor(name);
            t.requireShape("from config.json", shape);
            t.requireFloating();
            taken.add(name);
            return t;
        }

        private static boolean readable(StoredTensor t, Role role) {
            boolean narrow = t.type() == StoredType.BF16 || t.type() == StoredType.F16;
            // Odd offsets are legal in safetensors, but no kernel reads there: such an f32 is copied.
            return narrow ? role.mayStayNarrow() : t.type() == StoredType.F32 && t.data().address() % Float.BYTES == 0;
        }

        private WeightFileException missing(String name) {
            String last = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
            String near = files.tensors().keySet().stream().filter(n -> n.endsWith(last)).findFirst().map(n -> "; it does have \"" + n + "\"")
                    .orElse("");
            return new WeightFileException(files.source() + ": tensor \"" + name + "\" is missing: found " + files.tensors().size()
                    + " others, wanted all that config.json implies" + near);
        }

        private static Tensor stored(Scope scope, StoredTensor t, int... shape) {
            DType type = dtype(t.type());
            MemorySegment data = t.data();
            if (data.address() % type.bytes() == 0) return Tensor.over(scope, scope.device().adopt(type, data), shape);
            short[] copy = new short[Math.toIntExact(t.elements())];
            MemorySegment.copy(data, ValueLayout.JAVA_SHORT_UNALIGNED, 0, copy, 0, copy.length);
            return Tensor.halves(scope, type, copy, shape);
        }

        private static DType dtype(StoredType type) {
            return switch (type) {
                case BF16 -> DType.BF16;
                case F16 -> DType.F16;
                case F32 -> DType.F32;
                case F64, I64, U64, I32, U32, I16, U16, I8, U8, BOOL -> throw new IllegalArgumentException("no kernel reads weights of type " + type);
            };
        }

        @Override public void finish() {
            TreeSet<String> left = new TreeSet<>(files.tensors().keySet());
            left.removeAll(taken);
            left.removeIf(ignorable);
            if (!left.isEmpty()) {
                throw new WeightFileException(files.source() + ": found " + left.size() + " tensors that this model does not have, first \""
                        + left.first()
                        + "\"; wanted exactly the parameters that config.json implies");
            }
        }
    }

    /// See [WeightSource#random].
    record Random(long seed, Initialization init) implements WeightSource {
        private static final int PURPOSE = 0x494E4954;   // "INIT"

        @Override public boolean has(String name) { return false; }

        @Override public boolean writable() { return true; }

        @Override public Tensor take(Scope scope, String name, Role role, int... shape) {
            if (role == Role.NORM_WEIGHT) return Tensor.full(scope, 1f, shape);
            if (role == Role.BIAS) return Tensor.zeros(scope, shape);
            return Tensor.normal(scope, key(seed, name), 0f, init.std(role, shape), shape);
        }

        /// The stream of a parameter's numbers.
        static long key(long seed, String name) {
            CRC32 crc = new CRC32();
            crc.update(name.getBytes(StandardCharsets.UTF_8));
            return Philox.key(Philox.key(seed, PURPOSE), (int) crc.getValue());
        }

        @Override public void finish() {}
    }

    /// See [WeightSource#outline].
    record Outline(List<Declaration> declared, Predicate<String> stored) implements WeightSource {
        private record NoMemory(DType dtype, long length) implements Buffer {
            @Override public void close() {}
        }

        @Override public boolean writable() { return false; }

        @Override public boolean has(String name) { return stored.test(name); }

        @Override public Tensor take(Scope scope, String name, Role role, int... shape) {
            Declaration d = new Declaration(name, role, shape);
            declared.add(d);
            return Tensor.over(scope, new NoMemory(DType.F32, d.elements()), shape);
        }

        @Override public void finish() {}
    }
}
