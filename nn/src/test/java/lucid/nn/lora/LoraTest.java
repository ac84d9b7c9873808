package lucid.nn.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.DType;
import lucid.nn.batch.PackedBatch;
import lucid.nn.checkpoint.CheckpointConversion;
import lucid.nn.config.ConfigException;
import lucid.nn.config.Qwen2Config;
import lucid.nn.disk.JsonText;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.model.Qwen2;
import lucid.nn.optim.AdamW;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.WeightSource.Precision;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// An adapter beside bf16 weights that stay in their mapped file: bits, training, files, merging.
class LoraTest {
    private static final Qwen2Config CONFIG = new Qwen2Config(61, 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1);
    private static final LoraSpec SPEC = new LoraSpec(3, 6, false, List.of("q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"));
    private static final int[][] TEXTS = {{5, 6, 7, 8, 9, 10, 11}, {12, 13, 5, 6}, {20, 21, 22, 23, 24, 25, 26, 27, 28}};

    private static final String INIT = "\"init_lora_weights\" : ";

    @TempDir Path root;
    private Path base;

    @BeforeEach void aBaseInBf16() throws IOException {
        base = Files.createDirectory(root.resolve("base"));
        try (Device d = new SimdDevice(2); var parameters = Qwen2.random(d, CONFIG, 3, Initialization.fanIn(2, 3)).parameters()) {
            parameters.save(base.resolve("model.safetensors"), StoredType.BF16);
        }
        Files.writeString(base.resolve("config.json"), CONFIG.toJson().toPrettyString());
    }

    /// What a test does with a mapped base.
    private interface Use {
        void with(Device device, Qwen2 model) throws IOException;
    }

    private void mapped(Use use) throws IOException {
        try (Device d = new SimdDevice(2); WeightFiles files = WeightFiles.open(base)) {
            Qwen2 model = Qwen2.load(d, base, files, Precision.STORED);
            try (var _ = model.parameters()) {
                use.with(d, model);
            }
        }
    }

    private static PackedBatch batch() {
        PackedBatch.Builder b = PackedBatch.builder(0);
        for (int[] t : TEXTS) b.sequence(t, 0, t, -100);
        return b.build();
    }

    private static float[] logProbs(Qwen2 model) {
        try (var _ = Tape.noGrad(); Scope s = Scope.open(model.parameters().device())) {
            return model.logProbs(s, batch(), null, 1f, false).logProb().toFloats();
        }
    }

    private static float train(Qwen2 model, AdamW optimizer, LoraAdapter lora, boolean checkpoint) {
        try (Scope s = Scope.open(model.parameters().device())) {
            PackedBatch batch = batch();
            Tensor loss = model.logProbs(s, batch, null, 1f, checkpoint).logProb().sum().scale(-1f / batch.scored());
            float before = loss.item();
            loss.backward();
            optimizer.step(0.01);
            lora.parameters().zeroGrad();
            return before;
        }
    }

    private static void stir(LoraAdapter lora) {
        for (Parameter p : lora.parameters().all()) {
            float[] v = p.value().toFloats();
            for (int i = 0; i < v.length; i++) v[i] += (float) (0.3 * Math.sin(i * 1.7 + p.name().hashCode() % 10));
            lora.parameters().device().write(p.value().buffer(), 0, v);
        }
    }

    @Test void aFreshAdapterIsTheBaseToTheBit() throws IOException {
        mapped((d, model) -> {
            assertEquals(DType.BF16, model.blocks().getFirst().q().weight().dtype());
            try (LoraAdapter lora = LoraAdapter.fresh(d, SPEC, 5)) {
                Qwen2 adapted = model.adapted(lora);
                assertArrayEquals(logProbs(model), logProbs(adapted));
                assertEquals(2 * 5 * 2, lora.parameters().all().size());
                float[] a = lora.parameters().get("model.layers.0.self_attn.q_proj.lora_A.weight").value().toFloats();
                float bound = (float) (1 / Math.sqrt(24));
                for (float v : a) assertTrue(Math.abs(v) <= bound);
                assertTrue(Arrays.stream(toDoubles(a)).map(Math::abs).max().orElseThrow() > 0.8 * bound);
                stir(lora);
                assertFalse(Arrays.equals(logProbs(model), logProbs(adapted)), "the base is still there beside the adapted model");
            }
        });
    }

    private static double[] toDoubles(float[] f) {
        double[] d = new double[f.length];
        for (int i = 0; i < f.length; i++) d[i] = f[i];
        return d;
    }

    @Test void trainingLowersTheLossAndLeavesTheBaseAlone() throws IOException {
        byte[] before = Files.readAllBytes(base.resolve("model.safetensors"));
        float[][] trained = new float[2][];
        for (int run = 0; run < 2; run++) {
            boolean checkpoint = run == 1;
            int number = run;
            mapped((d, model) -> {
                try (LoraAdapter lora = LoraAdapter.fresh(d, SPEC, 5);
                        AdamW optimizer = new AdamW(lora.parameters(), new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1f))) {
                    Qwen2 adapted = model.adapted(lora);
                    lora.parameters().train(_ -> true);
                    float first = train(adapted, optimizer, lora, checkpoint);
                    float last = first;
                    for (int i = 0; i < 15; i++) last = train(adapted, optimizer, lora, checkpoint);
                    assertTrue(last < 0.8 * first, first + " -> " + last);
                    trained[number] = logProbs(adapted);
                }
            });
        }
        assertArrayEquals(trained[0], trained[1], "the same bits with and without checkpointing");
        assertArrayEquals(before, Files.readAllBytes(base.resolve("model.safetensors")));
    }

    @Test void whatTheSamplerSawIsWhatTheTrainerComputes() throws IOException {
        mapped((d, model) -> {
            try (LoraAdapter lora = LoraAdapter.fresh(d, SPEC, 5)) {
                Qwen2 adapted = model.adapted(lora);
                stir(lora);
                PackedBatch.Builder prompts = PackedBatch.builder(0);
                for (int[] t : TEXTS) prompts.sequence(t, 0);
                List<Completion> drawn = new Generator(adapted)
                        .generate(prompts.build(), null, 3, new GenerationSettings(Sampling.Rule.temperature(1.2f), 9, 1, 0.9f, 7, 2), null);
                for (int p = 0; p < TEXTS.length; p++) {
                    List<Completion> group = drawn.subList(3 * p, 3 * p + 3);
                    PackedBatch.Builder b = PackedBatch.builder(0);
                    b.group(TEXTS[p], 0, group.stream().map(Completion::ids).toList());
                    try (var _ = Tape.noGrad(); Scope s = Scope.open(d)) {
                        float[] scored = adapted.logProbs(s, b.build(), null, 0.9f, false).logProb().toFloats();
                        int at = 0;
                        for (Completion c : group) {
                            assertArrayEquals(c.logProbs(), Arrays.copyOfRange(scored, at, at + c.length()));
                            at += c.length();
                        }
                    }
                }
            }
        });
    }

    @Test void filesComeBackAsTheyWere() throws IOException {
        Path folder = Files.createDirectory(root.resolve("adapter"));
        mapped((d, model) -> {
            float[] wanted;
            try (LoraAdapter lora = LoraAdapter.fresh(d, SPEC, 5)) {
                Qwen2 adapted = model.adapted(lora);
                stir(lora);
                lora.save(folder, "base");
                wanted = logProbs(adapted);
            }
            LoraFile file = LoraFile.read(folder);
            assertEquals("base", file.base());
            assertEquals(SPEC.scale(), file.spec().scale());
            try (LoraAdapter read = LoraAdapter.of(d, file); LoraAdapter other = LoraAdapter.fresh(d, SPEC, 9)) {
                assertArrayEquals(wanted, logProbs(model.adapted(read)));
                Qwen2 adapted = model.adapted(other);
                other.load(file);
                assertArrayEquals(wanted, logProbs(adapted));
            }
        });
    }

    @Test void mergedIsUnmerged() throws IOException {
        Path folder = Files.createDirectory(root.resolve("adapter"));
        float[][] beside = new float[2][];
        mapped((d, model) -> {
            beside[0] = logProbs(model);
            try (LoraAdapter lora = LoraAdapter.fresh(d, SPEC, 5)) {
                Qwen2 adapted = model.adapted(lora);
                stir(lora);
                lora.save(folder, "base");
                beside[1] = logProbs(adapted);
            }
        });
        LoraFile file = LoraFile.read(folder);
        Path merged = convert(base, root.resolve("merged"), StoredType.F32, new CheckpointConversion.Adapter(file, true));
        assertClose(beside[1], logProbs(merged), 2e-5);
        Path back = convert(merged, root.resolve("back"), StoredType.F32, new CheckpointConversion.Adapter(file, false));
        assertClose(beside[0], logProbs(back), 2e-5);
        // In bf16 the merged weights are rounded: 8 bits.
        assertClose(beside[1], logProbs(convert(base, root.resolve("narrow"), null, new CheckpointConversion.Adapter(file, true))), 0.1);
    }

    private static Path convert(Path from, Path to, StoredType type, CheckpointConversion.Adapter adapter) {
        CheckpointConversion.convert(from, to, new CheckpointConversion.Options(type, WeightFormat.SAFETENSORS, CheckpointConversion.Layout.SINGLE,
                CheckpointConversion.Options.SHARD, adapter, List.of(), Set.of()), (_, _, _) -> {});
        return to;
    }

    private static float[] logProbs(Path folder) {
        try (Device d = new SimdDevice(2); WeightFiles files = WeightFiles.open(folder)) {
            Qwen2 model = Qwen2.load(d, folder, files, Precision.F32);
            try (var _ = model.parameters()) {
                return logProbs(model);
            }
        }
    }

    private static void assertClose(float[] wanted, float[] found, double tolerance) {
        assertEquals(wanted.length, found.length);
        for (int i = 0; i < wanted.length; i++) assertEquals(wanted[i], found[i], tolerance, "token " + i);
    }

    // What is refused

    private Path written() throws IOException {
        Path folder = Files.createDirectory(root.resolve("adapter"));
        mapped((d, model) -> {
            try (LoraAdapter lora = LoraAdapter.fresh(d, SPEC, 5)) {
                model.adapted(lora);
                lora.save(folder, "base");
            }
        });
        return folder;
    }

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "\"use_dora\" : false|\"use_dora\" : true|use_dora: found true", "\"bias\" : \"none\"|\"bias\" : \"all\"|bias: found \"all\"",
                "\"r\" : 3|\"r\" : 4|r of adapter_config.json",
        "\"r\" : 3|\"r\" : 0|r: found 0", "\"lora_alpha\" : 6,||lora_alpha: found nothing, wanted a number",
                "\"rank_pattern\" : { }|\"rank_pattern\" : {\"q\": 3}|rank_pattern",
                "\"modules_to_save\" : null|\"modules_to_save\" : [\"lm_head\"]|modules_to_save",
        "\"LORA\"|\"IA3\"|peft_type", "\"lora_alpha\" : 6|\"lora_alpha\" : -6|alpha -6.0",
                INIT + "true|" + INIT + "\"pissa\"|adapter_config.json: init_lora_weights: found \"pissa\", wanted one of true, false, gaussian, "
                + "orthogonal, mica",
        INIT + "true|" + INIT + "\"pissa_niter_4\"|found \"pissa_niter_4\"", INIT + "true|" + INIT + "\"olora\"|found \"olora\"",
                INIT + "true|" + INIT + "{\"loftq\": 1}|found {\"loftq\":1}"})
    void configurations(String from, String to, String message) throws IOException {
        Path folder = written();
        Path config = folder.resolve(LoraFile.CONFIG);
        String text = Files.readString(config);
        assertTrue(text.contains(from), text);
        Files.writeString(config, text.replace(from, to == null ? "" : to));
        RuntimeException e = assertThrows(RuntimeException.class, () -> LoraFile.read(folder));
        assertTrue((e instanceof ConfigException || e instanceof WeightFileException) && e.getMessage().contains(message), e.getMessage());
    }

    /// As peft wrote it before 0.6: the same names in a pickle.
    @Test void matricesInAPickle() throws IOException {
        Path folder = written();
        Path safe = folder.resolve(LoraFile.WEIGHTS);
        LoraFile wanted = LoraFile.read(folder);
        var options = new CheckpointConversion.Options(null, WeightFormat.BIN, CheckpointConversion.Layout.SINGLE, CheckpointConversion.Options.SHARD,
                null, List.of(), Set.of());
        CheckpointConversion.convert(safe, root.resolve("pickled"), options, (_, _, _) -> {});
        Files.delete(safe);
        assertTrue(assertThrows(WeightFileException.class, () -> LoraFile.read(folder)).getMessage()
                .endsWith("wanted adapter_model.safetensors or adapter_model.bin"));
        Files.move(root.resolve("pickled").resolve(WeightFiles.TORCH_SINGLE), folder.resolve(LoraFile.TORCH_WEIGHTS));
        LoraFile read = LoraFile.read(folder);
        assertEquals(wanted.modules().keySet(), read.modules().keySet());
        wanted.modules().forEach((name, m) -> assertArrayEquals(m.a(), read.modules().get(name).a(), name));
        wanted.modules().forEach((name, m) -> assertArrayEquals(m.b(), read.modules().get(name).b(), name));
        // Both: peft takes the safetensors.
        Files.writeString(safe, "damaged");
        assertThrows(WeightFileException.class, () -> LoraFile.read(folder));
    }

    @ParameterizedTest @ValueSource(strings = {"false", "null", "\"gaussian\"", "\"orthogonal\"", "\"mica\""})
    void initialisationsThatLeaveTheBaseAlone(String value) throws IOException {
        Path folder = written();
        Path config = folder.resolve(LoraFile.CONFIG);
        String text = Files.readString(config);
        assertTrue(text.contains(INIT + "true"), text);
        Files.writeString(config, text.replace(INIT + "true", INIT + value));
        assertEquals(SPEC.scale(), LoraFile.read(folder).spec().scale());
    }

    @Test void anAdapterOfAnotherModel() throws IOException {
        Path folder = written();
        Qwen2Config deeper = new Qwen2Config(61, 24, 37, 3, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1);
        Qwen2Config wider = new Qwen2Config(61, 30, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1);
        LoraFile file = LoraFile.read(folder);
        try (Device d = new SimdDevice(1)) {
            for (Qwen2Config other : List.of(deeper, wider)) {
                Qwen2 model = Qwen2.random(d, other, 3, Initialization.PUBLISHED);
                try (var parameters = model.parameters(); LoraAdapter lora = LoraAdapter.of(d, file)) {
                    String message = assertThrows(WeightFileException.class, () -> model.adapted(lora)).getMessage();
                    assertTrue(message.contains(other == deeper ? "\"model.layers.2.self_attn.q_proj\" is missing" : "found [3, 24], wanted [3, 30]"),
                            message);
                    Path shallow = Files.createDirectory(root.resolve(other == deeper ? "deeper" : "wider"));
                    parameters.save(shallow.resolve("model.safetensors"), StoredType.F32);
                    if (other == wider) {
                        String wrong = assertThrows(WeightFileException.class,
                                () -> convert(shallow, root.resolve("no"), null, new CheckpointConversion.Adapter(file, true))).getMessage();
                        assertTrue(wrong.contains("of the adapter"), wrong);
                        assertFalse(Files.exists(root.resolve("no")));
                    }
                }
            }
        }
    }

    /// peft leaves layers out in these ways: the file has matrices for those that are adapted, and the others are the base's.
    @ParameterizedTest
    @ValueSource(strings = {"\"layers_to_transform\": [1]", "\"layers_to_transform\": 1", "\"target_modules\": \".*layers\\\\.1\\\\..*_proj\"",
            "\"exclude_modules\": \".*layers\\\\.0\\\\..*\"",
        "\"target_modules\": [\"model.layers.1.self_attn.q_proj\", \"layers.1.self_attn.v_proj\", \"1.self_attn.o_proj\", \"gate_proj\", "
                + "\"down_proj\"]"})
    void onlySomeLayersAreAdapted(String said) throws IOException {
        Path folder = written();
        Path safe = folder.resolve(LoraFile.WEIGHTS);
        try (WeightFiles all = WeightFiles.open(safe)) {
            SafetensorsWriter some = new SafetensorsWriter();
            for (StoredTensor t : all.tensors().values()) {
                float[] values = t.toFloats();
                for (int i = 0; i < values.length; i++) values[i] += (float) (0.3 * Math.sin(i * 1.7));
                if (!t.name().contains(".layers.0.")) some.add(t.name(), values, t.shape());
            }
            some.write(root.resolve("some"));
        }
        Files.move(root.resolve("some"), safe, StandardCopyOption.REPLACE_EXISTING);
        mapped((d, model) -> {
            try (LoraAdapter lora = LoraAdapter.of(d, LoraFile.read(folder))) {
                assertTrue(assertThrows(WeightFileException.class, () -> model.adapted(lora)).getMessage()
                        .contains("\"model.layers.0.self_attn.q_proj\" is missing"), "nothing says that they may be");
            }
            ObjectNode config = (ObjectNode) JsonText.read(folder.resolve(LoraFile.CONFIG));
            config.setAll((ObjectNode) new ObjectMapper().readTree("{" + said + "}"));
            Files.writeString(folder.resolve(LoraFile.CONFIG), config.toString());
            LoraFile file = LoraFile.read(folder);
            assertTrue(LoraAdapter.same(file.spec(), SPEC));
            try (LoraAdapter lora = LoraAdapter.of(d, file); LoraAdapter copy = LoraAdapter.fresh(d, file.spec(), 0)) {
                Qwen2 adapted = model.adapted(lora);
                assertNull(adapted.blocks().getFirst().q().adapter());
                assertEquals(5 * 2, lora.parameters().all().size());
                float[] answers = logProbs(adapted);
                assertFalse(Arrays.equals(logProbs(model), answers));
                model.adapted(copy);
                copy.parameters().copyFrom(lora.parameters());
                Path again = Files.createDirectory(root.resolve("again"));
                copy.save(again, base.toString());
                try (LoraAdapter read = LoraAdapter.of(d, LoraFile.read(again))) {
                    assertArrayEquals(answers, logProbs(model.adapted(read)), "saved as what it is");
                }
            }
        });
    }

    /// peft leaves such matrices out, so the model would be another one there.
    @ParameterizedTest @CsvSource(delimiter = '|', value = {"\"target_modules\": [\"q_proj\"]|target_modules",
            "\"target_modules\": \".*self_attn.*\"|target_modules", "\"target_modules\": [\"roj\"]|target_modules",
        "\"layers_to_transform\": 0|layers_to_transform", "\"layers_to_transform\": [1]|layers_to_transform",
                "\"exclude_modules\": [\"o_proj\"]|exclude_modules",
        "\"exclude_modules\": \".*gate.*\"|exclude_modules", "\"layers_to_transform\": []|",
        "\"target_modules\": \"all-linear\"|", "\"exclude_modules\": [\"up_proj\"]|", "\"target_modules\": \"(?P<a>.*)\"|",
        "\"layers_to_transform\": [1], \"target_modules\": [\"model.layers.0.self_attn.q_proj\", \"model.layers.0.self_attn.v_proj\", "
                + "\"model.layers.0.self_attn.o_proj\","
            + "\"model.layers.0.mlp.gate_proj\", \"model.layers.0.mlp.down_proj\", \"q_proj\", \"v_proj\", \"o_proj\", \"gate_proj\", \"down_proj\"]|"})
    void matricesOfLayersThatTheConfigurationLeavesOut(String said, String field) throws IOException {
        Path folder = written();
        ObjectNode config = (ObjectNode) JsonText.read(folder.resolve(LoraFile.CONFIG));
        config.setAll((ObjectNode) new ObjectMapper().readTree("{" + said + "}"));
        Files.writeString(folder.resolve(LoraFile.CONFIG), config.toString());
        if (field == null) {
            assertEquals(2 * SPEC.targets().size(), LoraFile.read(folder).modules().size());
            return;
        }
        String message = assertThrows(WeightFileException.class, () -> LoraFile.read(folder)).getMessage();
        assertTrue(message.contains("adapter_model.safetensors: tensor \"base_model.model.model.layers.")
                && message.contains(": " + field + " of adapter_config.json leaves its layer out"), message);
    }

    /// As an adapter of a deeper model beside this one: nothing would ask for its last layers.
    @Test void layersThatTheModelDoesNotHave() throws IOException {
        LoraFile file = LoraFile.read(written());
        Qwen2Config shallower = new Qwen2Config(61, 24, 37, 1, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1);
        String wanted = "adapter: found matrices for " + SPEC.targets().size() + " layers that the model does not have, first \"model.layers.1.";
        try (Device d = new SimdDevice(1)) {
            Qwen2 model = Qwen2.random(d, shallower, 3, Initialization.PUBLISHED);
            try (var _ = model.parameters(); LoraAdapter lora = LoraAdapter.of(d, file); LoraAdapter trained = LoraAdapter.fresh(d, SPEC, 9)) {
                String message = assertThrows(WeightFileException.class, () -> model.adapted(lora)).getMessage();
                assertTrue(message.startsWith(wanted), message);
                model.adapted(trained);
                float[] before = trained.parameters().all().iterator().next().value().toFloats();
                message = assertThrows(WeightFileException.class, () -> trained.load(file)).getMessage();
                assertTrue(message.startsWith(wanted), message);
                assertArrayEquals(before, trained.parameters().all().iterator().next().value().toFloats(), "nothing is overwritten");
            }
        }
    }

    @Test void targetsThatAreNotThere() {
        for (List<String> targets : List.of(List.<String>of(), List.of("q_proj", "q_proj"), List.of("lm_head"))) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> new LoraSpec(4, 8, false, targets)).getMessage()
                    .contains("target_modules"));
        }
        assertThrows(IllegalArgumentException.class, () -> new LoraSpec(0, 8, false, List.of("q_proj")));
        assertEquals(4f, new LoraSpec(4, 8, true, List.of("q_proj")).scale());
    }
}
