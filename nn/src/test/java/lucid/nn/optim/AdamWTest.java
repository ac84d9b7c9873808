package lucid.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.Role;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdamWTest {
    private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1);

    @TempDir Path folder;

    private static JsonNode golden(String name) {
        try {
            return new ObjectMapper().readTree(Path.of("src/test/resources/golden/optim", name).toFile());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double[] numbers(JsonNode n) {
        return n.isArray() ? StreamSupport.stream(n.spliterator(), false).flatMapToDouble(c -> java.util.Arrays.stream(numbers(c))).toArray()
                : new double[] {n.asDouble()};
    }

    private static float[] floats(JsonNode n) {
        double[] d = numbers(n);
        float[] f = new float[d.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) d[i];
        return f;
    }

    /// A set of plain vectors, all trained.
    private static ParameterSet vectors(Device device, JsonNode values) {
        ParameterSet set = new ParameterSet(device, WeightSource.random(1, Initialization.PUBLISHED));
        for (int i = 0; i < values.size(); i++) {
            float[] v = floats(values.get(i));
            try (Scope s = Scope.open(device)) {
                set.declare("p" + i, Role.BIAS, v.length).copyFrom(Tensor.of(s, v, v.length));
            }
        }
        return set.train(_ -> true);
    }

    /// Gives every parameter the gradient: the backward of Σ p·g.
    private static void gradients(ParameterSet set, JsonNode grads) {
        set.zeroGrad();
        try (Scope s = Scope.open(set.device())) {
            for (int i = 0; i < grads.size(); i++) {
                float[] g = floats(grads.get(i));
                set.get("p" + i).value().weightedSum(Tensor.of(s, g, g.length)).backward();
            }
        }
    }

    @Test void fiveStepsAsInTorch() {
        int compared = 0;
        for (JsonNode c : golden("adamw.json").get("cases")) {
            try (Device device = new ReferenceDevice(); ParameterSet set = vectors(device, c.get("params"));
                    AdamW adam = new AdamW(set, settings(c))) {
                for (int t = 0; t < c.get("steps").size(); t++) {
                    gradients(set, c.get("grads").get(t));
                    adam.step(c.get("lr").asDouble());
                    JsonNode wanted = c.get("steps").get(t).get("f64").get("params");
                    for (int i = 0; i < wanted.size(); i++, compared++) {
                        float[] found = set.get("p" + i).value().toFloats();
                        double[] w = numbers(wanted.get(i));
                        for (int k = 0; k < w.length; k++)
                            assertEquals(w[k], found[k], 3e-6, "step " + t + " of " + c.get("lr") + ", tensor " + i + "[" + k + "]");
                    }
                }
            }
        }
        assertTrue(compared >= 60, "compared " + compared);
    }

    private static AdamW.Settings settings(JsonNode c) {
        return new AdamW.Settings((float) c.get("betas").get(0).asDouble(), (float) c.get("betas").get(1).asDouble(), (float) c.get("eps").asDouble(),
                (float) c.get("weight_decay").asDouble(), Float.POSITIVE_INFINITY);
    }

    @Test void clippingByTheGlobalNorm() {
        int compared = 0;
        for (JsonNode c : golden("clip.json").get("cases")) {
            if (!c.get("norm_type").isNumber() || c.get("norm_type").asDouble() != 2) continue;   // 1-norm and maximum are not what AdamW clips by
            try (Device device = new ReferenceDevice(); ParameterSet set = vectors(device, c.get("grads"))) {
                AdamW.Settings s = new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, (float) c.get("max_norm").asDouble());
                gradients(set, c.get("grads"));
                try (AdamW adam = new AdamW(set, s)) {
                    AdamW.Update u = adam.step(0);
                    double norm = c.get("norm_f64").asDouble();
                    assertEquals(norm, u.norm(), 1e-5 * norm + 1e-12);
                    assertEquals(c.get("coefficient_f64").asDouble(), u.coefficient(), 1e-5);
                    compared++;
                }
            }
        }
        assertEquals(5, compared);
    }

    @Test void aSavedStateContinuesToTheBit() {
        JsonNode c = golden("adamw.json").get("cases").get(2);
        Path file = folder.resolve("optimizer.safetensors");
        try (Device device = new ReferenceDevice(); ParameterSet a = vectors(device, c.get("params"));
                ParameterSet b = vectors(device, c.get("params"));
                AdamW first = new AdamW(a, settings(c)); AdamW second = new AdamW(b, settings(c))) {
            for (int t = 0; t < 2; t++) {
                gradients(a, c.get("grads").get(t));
                first.step(0.01);
            }
            first.save(file);
            b.copyFrom(a);
            second.load(file);
            for (AdamW adam : new AdamW[] {first, second}) {
                gradients(adam == first ? a : b, c.get("grads").get(3));
                adam.step(0.01);
            }
            assertEquals(3, second.steps());
            assertArrayEquals(a.get("p1").value().toFloats(), b.get("p1").value().toFloats());
            assertThrows(IllegalStateException.class, () -> second.load(file));
        }
    }

    /// As in torch, whose bias correction counts a parameter's own updates.
    @Test void aParameterThatComesLateBegins() {
        JsonNode c = golden("adamw.json").get("cases").get(2);
        JsonNode both = c.get("grads").get(0), alone = new ObjectMapper().createArrayNode().add(both.get(0));
        AdamW.Settings unclipped = new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, Float.POSITIVE_INFINITY);
        Path file = folder.resolve("optimizer.safetensors");
        try (Device device = new ReferenceDevice(); ParameterSet a = vectors(device, c.get("params"));
                ParameterSet b = vectors(device, c.get("params"));
                AdamW late = new AdamW(a, unclipped); AdamW early = new AdamW(b, unclipped); AdamW resumed = new AdamW(b, unclipped)) {
            for (int t = 0; t < 5; t++) {
                gradients(a, t < 3 ? alone : both);
                late.step(0.01);
                if (t < 3) continue;
                gradients(b, both);
                early.step(0.01);
                assertArrayEquals(b.get("p1").value().toFloats(), a.get("p1").value().toFloats(), "update " + t);
            }
            late.save(file);
            b.copyFrom(a);
            resumed.load(file);
            gradients(a, both);
            late.step(0.01);
            gradients(b, both);
            resumed.step(0.01);
            for (String name : List.of("p0", "p1")) assertArrayEquals(a.get(name).value().toFloats(), b.get(name).value().toFloats(), name);
        }
    }

    /// Numbers of another floating type are widened; the bits of integers are no numbers of a moment.
    @Test void momentsOfOtherTypes() {
        Path file = folder.resolve("optimizer.safetensors");
        try (Device device = new SimdDevice(1); ParameterSet set = new ParameterSet(device, WeightSource.random(1, Initialization.PUBLISHED));
                AdamW fresh = new AdamW(set, SETTINGS)) {
            set.declare("w", Role.LINEAR, 1, 2);
            for (StoredType integers : List.of(StoredType.I32, StoredType.I64, StoredType.U8)) {
                SafetensorsWriter writer = new SafetensorsWriter().metadata("steps", "1").metadata("kind", "lucid.adamw")
                        .add("v.w", new float[2], 1, 2);
                writer.add("m.w", integers, new long[] {1, 2}, (_, _, chunk) -> chunk.put(new byte[chunk.remaining()])).write(file);
                assertEquals(file + ": tensor \"m.w\": found " + integers + ", wanted a floating type",
                        assertThrows(WeightFileException.class, () -> fresh.load(file)).getMessage());
            }
            new SafetensorsWriter().metadata("steps", "1").metadata("kind", "lucid.adamw").add("v.w", new float[2], 1, 2)
                    .add("m.w", StoredType.BF16, new long[] {1, 2}, (_, _, chunk) -> chunk.putShort((short) 0x3F80).putShort((short) 0xC000))
                            .write(file);
            fresh.load(file);
            fresh.forEachMoment((name, t) -> assertArrayEquals(name.equals("m.w") ? new float[] {1, -2} : new float[2], t.toFloats()));
        }
    }

    /// A file has its tensors by name; a run's hash goes through the moments in the model's order, before and after a resume.
    @Test void loadedMomentsKeepTheModelsOrder() {
        Path file = folder.resolve("optimizer.safetensors");
        try (Device device = new ReferenceDevice(); ParameterSet set = new ParameterSet(device, WeightSource.random(1, Initialization.PUBLISHED))) {
            for (String name : List.of("z", "a", "m")) set.declare(name, Role.LINEAR, 2, 3);
            set.train(_ -> true);
            List<String> before = new ArrayList<>();
            List<String> after = new ArrayList<>();
            try (AdamW saved = new AdamW(set, SETTINGS); AdamW loaded = new AdamW(set, SETTINGS)) {
                try (Scope s = Scope.open(device)) {
                    for (Parameter p : set.all()) p.value().weightedSum(Tensor.full(s, 1, 2, 3)).backward();
                }
                saved.step(0.1);
                saved.save(file);
                loaded.load(file);
                saved.forEachMoment((name, _) -> before.add(name));
                loaded.forEachMoment((name, _) -> after.add(name));
            }
            assertEquals(List.of("m.z", "v.z", "m.a", "v.a", "m.m", "v.m"), before);
            assertEquals(before, after);
        }
    }

    @Test void aGradientThatIsNotFiniteChangesNothing() {
        JsonNode c = golden("adamw.json").get("cases").get(0);
        try (Device device = new ReferenceDevice(); ParameterSet set = vectors(device, c.get("params")); AdamW adam = new AdamW(set, settings(c))) {
            float[] before = set.get("p0").value().toFloats();
            try (Scope s = Scope.open(device)) {
                set.get("p0").value().weightedSum(Tensor.full(s, Float.NaN, before.length)).backward();
            }
            assertTrue(assertThrows(IllegalStateException.class, () -> adam.step(0.1)).getMessage().contains("NaN"));
            assertArrayEquals(before, set.get("p0").value().toFloats());
            assertEquals(0, adam.steps());
        }
    }
}
