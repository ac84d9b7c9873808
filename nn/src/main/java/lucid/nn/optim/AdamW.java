package lucid.nn.optim;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.operand.DType;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// AdamW (Loshchilov & Hutter 2019, as in torch) with clipping by the global 2-norm, over the trainable parameters of a set. f32 weights and
/// moments. A parameter's moments are made when it is first updated, and its updates are counted from there; one without a gradient is left alone.
public final class AdamW implements AutoCloseable {
    /// @param maxNorm        largest global gradient norm; infinity: no clipping
    /// @param decays         which parameters shrink by `lr · weightDecay`
    public record Settings(float beta1, float beta2, float eps, float weightDecay, float maxNorm, Predicate<String> decays) {
        public Settings {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1))
                throw new IllegalArgumentException("adamw: betas " + beta1 + ", " + beta2 + ", wanted in [0, 1)");
            if (!(eps >= 0) || !(weightDecay >= 0))
                throw new IllegalArgumentException("adamw: eps " + eps + ", weight decay " + weightDecay + ", wanted >= 0");
            if (!(maxNorm > 0)) throw new IllegalArgumentException("adamw: max norm " + maxNorm + ", wanted > 0 (infinity: no clipping)");
        }

        /// All parameters decay.
        public Settings(float beta1, float beta2, float eps, float weightDecay, float maxNorm) {
            this(beta1, beta2, eps, weightDecay, maxNorm, _ -> true);
        }
    }

    /// What one update did.
    ///
    /// @param norm        global gradient norm before clipping
    /// @param coefficient what every gradient was multiplied with: `min(1, maxNorm / (norm + 1e-6))`
    public record Update(float norm, float coefficient) {}

    // Of one parameter.
    private static final class Moments {
        private final Tensor m;
        private final Tensor v;
        private int updates;

        private Moments(Tensor m, Tensor v, int updates) {
            this.m = m;
            this.v = v;
            this.updates = updates;
        }
    }

    private final ParameterSet parameters;
    private final Settings settings;
    private final Scope scope;
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private int steps;

    /// @param parameters those that are trainable at an update are updated; the set is not closed here
    public AdamW(ParameterSet parameters, Settings settings) {
        this.parameters = parameters;
        this.settings = settings;
        this.scope = Scope.holding(parameters.device());
    }

    /// Number of updates so far.
    public int steps() { return steps; }

    /// Global 2-norm of the gradients: squares summed parameter by parameter in the set's order, in f32 (see
    /// [lucid.kernels.contract.Reduce#addSumOfSquares]).
    public float gradientNorm() {
        try (Scope step = Scope.open(parameters.device())) {
            Tensor sum = Tensor.zeros(step, 1, 1);
            for (Parameter p : parameters.trainable()) {
                if (p.hasGrad()) step.device().reduce().addSumOfSquares(p.grad().matrix(), sum.matrix());
            }
            return (float) Math.sqrt(sum.item());
        }
    }

    /// Clips and updates; the gradients stay until [ParameterSet#zeroGrad].
    ///
    /// @throws IllegalStateException if the norm is not finite: nothing is changed
    public Update step(double learningRate) {
        float norm = gradientNorm();
        if (!Float.isFinite(norm)) {
            throw new IllegalStateException("adamw: the gradient norm of update " + (steps + 1) + " is " + norm
                    + ", wanted a finite number; weights are unchanged");
        }
        float coefficient = coefficient(norm, settings.maxNorm());
        steps++;
        for (Parameter p : parameters.trainable()) {
            if (p.hasGrad()) update(p, (float) learningRate, coefficient);
        }
        return new Update(norm, coefficient);
    }

    /// `min(1, maxNorm / (norm + 1e-6))`, as torch's clip_grad_norm_.
    public static float coefficient(float norm, float maxNorm) { return (float) Math.min(1.0, maxNorm / (norm + 1e-6)); }

    private void update(Parameter p, float lr, float coefficient) {
        Moments s = moments.computeIfAbsent(p.name(), _ -> new Moments(Tensor.zeros(scope, p.shape().dims()),
                Tensor.zeros(scope, p.shape().dims()), 0));
        s.updates++;
        float decay = settings.decays().test(p.name()) ? settings.weightDecay() : 0;
        var constants = new Optimizer.AdamW(lr, settings.beta1(), settings.beta2(), settings.eps(), decay, s.updates);
        scope.device().optimizer().adamW(constants, coefficient, p.grad().matrix(), p.value().matrix(), s.m.matrix(), s.v.matrix(), null);
    }

    /// Writes moments (`m.NAME`, `v.NAME`) and the number of updates (`steps`, and `steps.NAME` of a parameter that had fewer), whole or not at all.
    public void save(Path file) {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("steps", Integer.toString(steps)).metadata("kind", "lucid.adamw");
        moments.forEach((name, s) -> {
            ParameterSet.add(writer, "m." + name, s.m, StoredType.F32);
            ParameterSet.add(writer, "v." + name, s.v, StoredType.F32);
            if (s.updates != steps) writer.metadata("steps." + name, Integer.toString(s.updates));
        });
        writer.write(file);
    }

    /// Continues where [#save] stopped, to the bit. For a fresh optimiser only.
    public void load(Path file) {
        if (steps > 0) throw new IllegalStateException("adamw: load after " + steps + " updates; wanted a fresh optimiser");
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            if (!"lucid.adamw".equals(stored.metadata().get("kind")))
                throw new WeightFileException(file + ": found no optimiser state, wanted a file written by AdamW.save");
            int storedSteps = count(file, stored, "steps", "nothing");
            Map<String, Moments> fresh = new LinkedHashMap<>();
            for (String name : stored.tensors().keySet()) {
                if (!name.startsWith("m.")) continue;
                Parameter p = parameters.get(name.substring(2));
                fresh.put(p.name(), new Moments(read(stored, name, p), read(stored, "v." + p.name(), p),
                        count(file, stored, "steps." + p.name(), Integer.toString(storedSteps))));
            }
            moments.putAll(fresh);
            steps = storedSteps;
        }
    }

    private static int count(Path file, SafetensorsFile stored, String key, String missing) {
        String counted = stored.metadata().getOrDefault(key, missing);
        if (!counted.matches("\\d{1,9}"))
            throw new WeightFileException(file + ": metadata " + key + ": found " + counted + ", wanted a number of updates");
        return Integer.parseInt(counted);
    }

    private Tensor read(SafetensorsFile stored, String name, Parameter p) {
        var t = stored.tensor(name);
        t.requireShape("shape of the parameter", p.shape().dims());
        Tensor out = Tensor.undefined(scope, DType.F32, p.shape().dims());
        WeightSource.widen(t, out);
        return out;
    }

    /// Shows every moment by name (`m.NAME`, `v.NAME`), in the set's order: the same after [#load], whatever the order in the file.
    public void forEachMoment(BiConsumer<String, Tensor> visitor) {
        for (Parameter p : parameters.all()) {
            Moments s = moments.get(p.name());
            if (s == null) continue;
            visitor.accept("m." + p.name(), s.m);
            visitor.accept("v." + p.name(), s.v);
        }
    }

    /// Frees the moments.
    @Override public void close() { scope.close(); }
}
