package lucid.kernels.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.kernels.Device;
import lucid.kernels.contract.Optimizer.AdamW;
import lucid.kernels.contract.Optimizer.Sgd;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// AdamW, SGD and clipping against PyTorch.
class OptimizerGoldenTest {
    /// The table's own bound: torch in f32 is 2.3e-7 off, elements with a gradient of 1e4 included.
    private static final double TOLERANCE = 3e-6;
    /// `1 - 0.999f` is 1.3e-5 (relative) off 0.001. The bias correction is off by as much, so the parameters do not see it.
    private static final double SECOND_MOMENT = 2e-5;

    private static void near(JsonNode want, double tolerance, Device device, Matrix got, String what) {
        double[] w = Golden.numbers(want);
        float[] g = Golden.read(device, got);
        assertEquals(w.length, g.length);
        for (int i = 0; i < w.length; i++) assertEquals(w[i], g[i], tolerance * Math.max(1, Math.abs(w[i])), what + ", element " + i);
    }

    private static AdamW adamW(JsonNode c, int step) {
        return new AdamW((float) c.get("lr").asDouble(), (float) c.get("betas").get(0).asDouble(), (float) c.get("betas").get(1).asDouble(),
                (float) c.get("eps").asDouble(), (float) c.get("weight_decay").asDouble(), step);
    }

    @ParameterizedTest @MethodSource("lucid.kernels.golden.Golden#devices")
    void adamW(Device device) {
        JsonNode cases = Golden.read("optim/adamw.json").get("cases");
        assertEquals(6, cases.size());
        for (JsonNode c : cases) {
            double[] start = Golden.numbers(c.get("params"));
            Matrix param = Golden.row(device, start);
            Matrix m = Golden.row(device, new double[start.length]);
            Matrix v = Golden.row(device, new double[start.length]);
            for (int step = 1; step <= c.get("steps").size(); step++) {
                device.optimizer().adamW(adamW(c, step), 1f, Golden.row(device, Golden.numbers(c.get("grads").get(step - 1))), param, m, v, null);
                JsonNode want = c.get("steps").get(step - 1).get("f64");
                String what = device.name() + " lr " + c.get("lr") + " betas " + c.get("betas") + " step " + step;
                near(want.get("params"), TOLERANCE, device, param, what + " params");
                near(want.get("exp_avg"), TOLERANCE, device, m, what + " exp_avg");
                near(want.get("exp_avg_sq"), SECOND_MOMENT, device, v, what + " exp_avg_sq");
            }
        }
    }

    @ParameterizedTest @MethodSource("lucid.kernels.golden.Golden#devices")
    void bf16WeightsWithAnF32Master(Device device) {
        for (JsonNode c : Golden.read("optim/adamw.json").get("bf16_master")) {
            double[] start = Golden.numbers(c.get("weight_bf16"));
            int n = start.length;
            Matrix master = Golden.row(device, start);
            Matrix m = Golden.row(device, new double[n]);
            Matrix v = Golden.row(device, new double[n]);
            Matrix half = Matrix.row(device.allocate(DType.BF16, n));
            Matrix seen = Golden.row(device, new double[n]);
            for (int step = 1; step <= c.get("steps").size(); step++) {
                device.optimizer().adamW(adamW(c, step), 1f, Golden.row(device, Golden.numbers(c.get("grads_bf16").get(step - 1))), master,
                        m, v, half);
                JsonNode want = c.get("steps").get(step - 1);
                near(want.get("master_f32"), TOLERANCE, device, master, "master, step " + step);
                device.conversion().convert(half, seen);
                assertArrayEquals(Golden.floats(Golden.numbers(want.get("weight_bf16"))), Golden.read(device, seen), "bf16 weight, step " + step);
            }
        }
    }

    @ParameterizedTest @MethodSource("lucid.kernels.golden.Golden#devices")
    void sgd(Device device) {
        for (JsonNode c : Golden.read("optim/sgd.json").get("cases")) {
            double[] start = Golden.numbers(c.get("params"));
            Matrix param = Golden.row(device, start);
            Matrix momentum = Golden.row(device, new double[start.length]);
            for (int step = 1; step <= c.get("steps_f64").size(); step++) {
                Sgd settings = new Sgd((float) c.get("lr").asDouble(), (float) c.get("momentum").asDouble(), (float) c.get("dampening").asDouble(),
                        (float) c.get("weight_decay").asDouble(), c.get("nesterov").asBoolean(), step);
                device.optimizer().sgd(settings, 1f, Golden.row(device, Golden.numbers(c.get("grads").get(step - 1))), param, momentum);
                near(c.get("steps_f64").get(step - 1), TOLERANCE, device, param, device.name() + " momentum " + settings.momentum()
                        + " step " + step);
            }
        }
    }

    /// The 2-norms; Lucid has no other clipping.
    @ParameterizedTest @MethodSource("lucid.kernels.golden.Golden#devices")
    void clipByGlobalNorm(Device device) {
        int seen = 0;
        for (JsonNode c : Golden.read("optim/clip.json").get("cases")) {
            if (c.get("norm_type").asDouble() != 2) continue;
            seen++;
            Matrix squares = Golden.row(device, 0);
            for (JsonNode tensor : c.get("grads")) device.reduce().addSumOfSquares(Golden.row(device, Golden.numbers(tensor)), squares);
            double norm = Math.sqrt(Golden.read(device, squares)[0]);
            double want = c.get("norm_f64").asDouble();
            assertEquals(want, norm, 1e-6 * want);
            float coefficient = (float) Math.min(1, c.get("max_norm").asDouble() / (norm + 1e-6));
            Matrix all = Golden.row(device, Golden.numbers(c.get("grads")));
            device.elementwise().scale(coefficient, all, all);
            near(c.get("clipped_f64"), TOLERANCE, device, all, "clipped at norm " + want);
        }
        assertTrue(seen >= 5, "cases: " + seen);
    }
}
