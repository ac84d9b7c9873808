package lucid.nn.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import lucid.kernels.Device;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.operand.DType;
import lucid.nn.optim.AdamW;
import lucid.nn.optim.Schedule;
import lucid.nn.parity.ParityReport.Row;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// The tables of the `optim` family: AdamW, momentum SGD, clipping, learning rates. Which one it is, is told from its keys. Tolerances are
/// those of the family's README: 3e-6 for f32 updates of parameters of size 1; rates to the last bits of a cosine.
final class OptimParity {
    private static final double F32 = 3e-6;

    private final Device device;
    private final List<Row> rows = new ArrayList<>();

    private OptimParity(Device device) { this.device = device; }

    static boolean handles(JsonNode table) { return !name(table).isEmpty(); }

    private static String name(JsonNode table) {
        JsonNode first = table.path("cases").path(0);
        if (table.has("warmup_steps") && first.has("warmup")) return "schedules";
        if (first.has("betas")) return "adamw";
        if (first.has("dampening")) return "sgd";
        return first.has("max_norm") ? "clip" : "";
    }

    static ParityReport run(JsonNode table, Device device) {
        OptimParity p = new OptimParity(device);
        int i = 0;
        try (Scope scope = Scope.open(device)) {
            for (JsonNode c : table.path("cases")) {
                switch (name(table)) {
                    case "schedules" -> p.schedule("case " + i++, c);
                    case "adamw" -> p.adamW(scope, "case " + i++, c);
                    case "sgd" -> p.sgd(scope, "case " + i++, c);
                    default -> p.clip(scope, "case " + i++, c);
                }
            }
            for (JsonNode c : table.path("bf16_master")) p.bf16Master(scope, "bf16_master " + c.path("lr").asText(), c);
        }
        for (JsonNode r : table.path("warmup_steps").path("rows")) {
            p.row("warmup " + r, new double[] {Schedule.warmupSteps(r.get(0).asInt(), r.get(1).asDouble())},
                    new double[] {r.get(2).asDouble()}, 0, 0);
        }
        return new ParityReport(name(table), "optim", p.rows);
    }

    private void row(String name, double[] found, double[] wanted, double atol, double rtol) {
        rows.add(GoldenCase.compare(name, new Values(new int[] {found.length}, found), new Values(new int[] {wanted.length}, wanted), atol, rtol,
                false, null));
    }

    static double[] numbers(JsonNode n) {
        if (n.isArray()) return StreamSupport.stream(n.spliterator(), false).flatMapToDouble(c -> Arrays.stream(numbers(c))).toArray();
        if (!n.isNumber()) throw new IllegalArgumentException("optim table: found " + n + ", wanted a number");
        return new double[] {n.asDouble()};
    }

    private static Tensor tensor(Scope scope, JsonNode n) {
        double[] d = numbers(n);
        float[] f = new float[d.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) d[i];
        return Tensor.of(scope, f, f.length);
    }

    private static double[] read(Tensor t) { return Values.of(t.toFloats(), t.shape().size()).data(); }

    private void schedule(String name, JsonNode c) {
        Map<String, Double> args = new HashMap<>();
        c.path("args").properties().forEach(e -> args.put(e.getKey(), e.getValue().asDouble()));
        Schedule s = new Schedule(Schedule.Kind.of(c.path("name").asText()), c.path("lr").asDouble(), c.path("total").asInt(),
                c.path("warmup").asInt(), args);
        double[] found = Arrays.stream(numbers(c.path("at"))).map(at -> s.at((int) at)).toArray();
        row(name + " " + c.path("name").asText(), found, numbers(c.path("values")), 1e-15 * s.lr(), 1e-13);
    }

    private static Optimizer.AdamW constants(JsonNode c, int step) {
        return new Optimizer.AdamW((float) c.required("lr").asDouble(), (float) c.required("betas").required(0).asDouble(),
                (float) c.required("betas").required(1).asDouble(),
                (float) c.required("eps").asDouble(), (float) c.required("weight_decay").asDouble(), step);
    }

    private void adamW(Scope scope, String name, JsonNode c) {
        for (int i = 0; i < c.required("params").size(); i++) {
            Tensor p = tensor(scope, c.required("params").required(i));
            Tensor m = Tensor.zeros(scope, p.shape().size());
            Tensor v = Tensor.zeros(scope, p.shape().size());
            for (int t = 0; t < c.required("steps").size(); t++) {
                device.optimizer().adamW(constants(c, t + 1), 1f, tensor(scope, c.required("grads").required(t).required(i)).matrix(), p.matrix(),
                        m.matrix(), v.matrix(), null);
                JsonNode wanted = c.required("steps").required(t);
                String at = name + ", step " + t + ", tensor " + i;
                row(at + ", params", read(p), numbers(wanted.required("f64").required("params").required(i)), F32, 0);
                row(at + ", exp_avg", read(m), numbers(wanted.required("f64").required("exp_avg").required(i)), 1e-9, 1e-5);
                // 1 - 0.999f is 1.3e-5 away from 0.001; the bias correction uses the same 0.999f, so the update does not feel it.
                row(at + ", exp_avg_sq", read(v), numbers(wanted.required("f64").required("exp_avg_sq").required(i)), 1e-12, 2e-5);
                row(at + ", f32_params", read(p), numbers(wanted.required("f32_params").required(i)), F32, 0);
            }
        }
    }

    private void bf16Master(Scope scope, String name, JsonNode c) {
        Tensor p = tensor(scope, c.required("weight_bf16"));
        Tensor image = p.to(DType.BF16);
        Tensor m = Tensor.zeros(scope, p.shape().size());
        Tensor v = Tensor.zeros(scope, p.shape().size());
        double[] before = read(image);
        for (int t = 0; t < c.required("steps").size(); t++) {
            device.optimizer().adamW(constants(c, t + 1), 1f, tensor(scope, c.required("grads_bf16").required(t)).matrix(), p.matrix(), m.matrix(),
                    v.matrix(), image.matrix());
            row(name + ", step " + t + ", master_f32", read(p), numbers(c.required("steps").required(t).required("master_f32")), F32, 0);
            row(name + ", step " + t + ", weight_bf16", read(image), numbers(c.required("steps").required(t).required("weight_bf16")), 0, 0);
        }
        double[] after = read(image);
        int changed = 0;
        for (int i = 0; i < after.length; i++) changed += after[i] != before[i] ? 1 : 0;
        row(name + ", changed_after_last", new double[] {changed}, numbers(c.required("changed_after_last").required("with_master")), 0, 0);
    }

    private void sgd(Scope scope, String name, JsonNode c) {
        for (int i = 0; i < c.required("params").size(); i++) {
            Tensor p = tensor(scope, c.required("params").required(i));
            Tensor momentum = Tensor.zeros(scope, p.shape().size());
            for (int t = 0; t < c.required("steps_f64").size(); t++) {
                var settings = new Optimizer.Sgd((float) c.required("lr").asDouble(), (float) c.required("momentum").asDouble(),
                        (float) c.required("dampening").asDouble(),
                        (float) c.required("weight_decay").asDouble(), c.required("nesterov").asBoolean(), t + 1);
                device.optimizer().sgd(settings, 1f, tensor(scope, c.required("grads").required(t).required(i)).matrix(), p.matrix(),
                        momentum.matrix());
                row(name + ", step " + t + ", tensor " + i, read(p), numbers(c.required("steps_f64").required(t).required(i)), F32, F32);
            }
        }
    }

    private void clip(Scope scope, String name, JsonNode c) {
        List<Tensor> grads = new ArrayList<>();
        c.required("grads").forEach(g -> grads.add(tensor(scope, g)));
        float norm = norm(scope, c.required("norm_type").asText(), grads);
        float coefficient = AdamW.coefficient(norm, (float) c.required("max_norm").asDouble());
        double size = c.required("norm_f64").asDouble();
        row(name + ", norm", new double[] {norm}, new double[] {size}, 1e-12, F32);
        row(name + ", norm_f32", new double[] {norm}, numbers(c.required("norm_f32")), 1e-12, F32);
        row(name + ", coefficient", new double[] {coefficient}, numbers(c.required("coefficient_f64")), 0, F32);
        if (c.has("deepspeed_coefficient_f64"))
            row(name + ", deepspeed_coefficient", new double[] {coefficient}, numbers(c.required("deepspeed_coefficient_f64")), 0, F32);
        for (int i = 0; i < grads.size(); i++) {
            row(name + ", clipped " + i, read(grads.get(i).scale(coefficient)), numbers(c.required("clipped_f64").required(i)), 1e-12, F32);
        }
    }

    /// The global norm; training clips by the 2-norm only, the others are composed here to check the rule for the coefficient.
    private float norm(Scope scope, String type, List<Tensor> grads) {
        float total = 0;
        Tensor squares = Tensor.zeros(scope, 1, 1);
        for (Tensor g : grads) {
            Tensor size = g.unary(Unary.ABS);
            switch (type) {
                case "2.0" -> device.reduce().addSumOfSquares(g.matrix(), squares.matrix());
                case "1.0" -> total += size.sum().item();
                case "inf" -> total = Math.max(total, size.rowMax().item());
                default -> throw new IllegalArgumentException("optim table: norm_type " + type + ", wanted 2.0, 1.0 or inf");
            }
        }
        return type.equals("2.0") ? (float) Math.sqrt(squares.item()) : total;
    }
}
