package lucid.nn.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.host.HostMemory;
import lucid.nn.batch.PackedBatch;
import lucid.nn.checkpoint.ModelOutline;
import lucid.nn.checkpoint.ModelTemplate;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.lora.LoraSpec;
import lucid.nn.model.Qwen2;
import lucid.nn.model.SiglipVision;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.optim.AdamW;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import lucid.nn.weights.WeightSource;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Plans are held to what the device really had at its peak.
class MemoryPlansTest {
    private static final TinyLlavaConfig CONFIG = TinyLlavaConfig.of(new Qwen2Config(512, 64, 200, 3, 4, 2, 16, 1e-6f, 1e4, 2048, true, 0.02, 1),
            new SiglipVisionConfig(48, 128, 3, 4, 84, 14, 1e-6f), new ResamplerConfig(48, 64, 8, 32, 2, 4, 16, 4), 1024, 1);
    private static final MemoryPlans PLANS = new MemoryPlans(ModelOutline.of(new ModelOutline.Video(CONFIG)), DeviceKind.CPU);
    private static final MemoryPlans.Trained TRAINED = MemoryPlans.Trained.model(TinyLlavaVideo::decoderOrConnector);
    private static final int FRAMES = 8;

    /// What the device holds in the largest of these phases (none named: of all): Java itself and arrays on its heap are not there.
    private static long onDevice(MemoryPlan plan, String... phases) {
        MemoryPlan own = plan.apart();
        return new MemoryPlan(own.work(), own.always(), own.phases().stream().filter(p -> phases.length == 0 || List.of(phases).contains(p.name()))
                .toList()).bytes();
    }

    private static void near(MemoryPlan plan, long peak, String... phases) {
        double ratio = (double) onDevice(plan, phases) / peak;
        assertTrue(ratio >= 0.98 && ratio <= 1.15, "planned " + onDevice(plan, phases) + ", the device had " + peak + " (" + ratio + ")\n"
                + plan.table());
    }

    private static byte[] frames(int clips) { return new byte[clips * FRAMES * 84 * 84 * 3]; }

    private static Tensor features(TinyLlavaVideo model, Scope scope, int clips) {
        return model.features(scope, Tensor.bytes(scope, frames(clips), clips * FRAMES, 84, 84, 3));
    }

    private static Tensor visual(TinyLlavaVideo model, Scope scope, Tensor features, int clips) {
        return model.visual(scope, features, RowGroups.uniform(clips, features.shape().rows() / clips));
    }

    // 32 visual rows, then text.
    private static int[] rows(int text) {
        int[] rows = new int[32 + text];
        for (int i = 0; i < rows.length; i++) rows[i] = i < 32 ? ~i : i % 500;
        return rows;
    }

    @Test void supervisedTraining() {
        for (boolean recompute : new boolean[] {false, true}) {
            for (int microBatch : new int[] {1, 2, 4}) {
                int samples = 4;
                int tokens = 90;
                MemoryPlan plan = PLANS.supervised(new MemoryPlans.Supervised(samples, microBatch, FRAMES, tokens, TRAINED, recompute));
                try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(device, CONFIG, 1, Initialization.fanIn(3, 3))) {
                    model.parameters().train(TRAINED.names());
                    try (AdamW optimizer = new AdamW(model.parameters(), new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1))) {
                        for (int step = 0; step < 2; step++) step(device, model, optimizer, samples, microBatch, tokens, recompute);
                    }
                    near(plan, device.peakBytes());
                }
            }
        }
    }

    private static void step(Device device, TinyLlavaVideo model, AdamW optimizer, int samples, int microBatch, int tokens, boolean recompute) {
        for (int from = 0; from < samples; from += microBatch) {
            try (Scope scope = Scope.open(device)) {
                Tensor visual = visual(model, scope, features(model, scope, microBatch), microBatch);
                PackedBatch.Builder batch = PackedBatch.builder(32);
                int[] answer = new int[tokens - 10];
                Arrays.setAll(answer, i -> i % 500);
                for (int s = 0; s < microBatch; s++) batch.group(rows(10), s, List.of(answer));
                LogProbs scored = model.logProbs(scope, batch.build(), visual, 1f, recompute);
                float[] seeds = new float[scored.logProb().shape().size()];
                Arrays.fill(seeds, -1f / seeds.length);
                scored.logProb().backward(Tensor.of(scope, seeds, seeds.length));
            }
        }
        optimizer.step(1e-4);
        model.parameters().zeroGrad();
    }

    /// A decoder alone: no clip, no connector, no visual rows.
    @Test void textAlone() {
        Qwen2Config c = CONFIG.text();
        MemoryPlans plans = new MemoryPlans(ModelOutline.of(new ModelOutline.Text(c)), DeviceKind.CPU);
        MemoryPlans.Trained all = MemoryPlans.Trained.model(_ -> true);
        int prompts = 3;
        int completions = 5;
        int tokens = 40;
        int[] prompt = new int[25];
        for (boolean recompute : new boolean[] {false, true}) {
            MemoryPlan sft = plans.supervised(new MemoryPlans.Supervised(prompts, prompts, FRAMES, 90, all, recompute));
            MemoryPlan grpo = plans.grpo(new MemoryPlans.Grpo(prompts, completions, tokens, prompts, FRAMES, prompt.length, all, false, recompute));
            assertTrue(sft.work().startsWith("sft (3 samples a step, 90 tokens each, ") && !grpo.table().contains("frames"), grpo.table());
            try (Device device = new SimdDevice(1)) {
                Qwen2 model = Qwen2.random(device, c, 1, Initialization.fanIn(3, 3));
                model.parameters().train(all.names());
                try (AdamW optimizer = new AdamW(model.parameters(), new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1))) {
                    for (int i = 0; i < 2; i++) textStep(device, model, optimizer, prompts, new int[10], List.of(new int[80]), recompute);
                    near(sft, device.peakBytes());
                }
            }
            try (Device device = new SimdDevice(1)) {
                Qwen2 model = Qwen2.random(device, c, 1, Initialization.fanIn(3, 3));
                model.parameters().train(all.names());
                try (AdamW optimizer = new AdamW(model.parameters(), new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1))) {
                    for (int i = 0; i < 2; i++) {
                        try (Scope _ = Scope.open(device); var _ = Tape.noGrad()) {
                            PackedBatch.Builder batch = PackedBatch.builder(0);
                            for (int p = 0; p < prompts; p++) batch.sequence(prompt, p);
                            new Generator(model).generate(batch.build(), null, completions,
                                    new GenerationSettings(Sampling.Rule.temperature(1f), tokens, -1, 1f, 1, 0), null);
                        }
                        textStep(device, model, optimizer, prompts, prompt, Collections.nCopies(completions, new int[tokens]), recompute);
                    }
                }
                near(grpo, device.peakBytes());
            }
        }
    }

    private static void textStep(Device device, Qwen2 model, AdamW optimizer, int prompts, int[] prompt, List<int[]> completions, boolean recompute) {
        try (Scope scope = Scope.open(device)) {
            PackedBatch.Builder batch = PackedBatch.builder(0);
            for (int p = 0; p < prompts; p++) batch.group(prompt, p, completions);
            LogProbs scored = model.logProbs(scope, batch.build(), null, 1f, recompute);
            float[] seeds = new float[scored.logProb().shape().size()];
            Arrays.fill(seeds, -1f / seeds.length);
            scored.logProb().backward(Tensor.of(scope, seeds, seeds.length));
        }
        optimizer.step(1e-4);
        model.parameters().zeroGrad();
    }

    /// A tower alone is looked through, never trained.
    @Test void aTowerAlone() {
        MemoryPlans plans = new MemoryPlans(ModelOutline.of(new ModelOutline.Vision(CONFIG.vision())), DeviceKind.CPU);
        MemoryPlan plan = plans.embedding(FRAMES, 4);
        try (Device device = new SimdDevice(1); ParameterSet p = new ParameterSet(device, WeightSource.random(1, Initialization.fanIn(3, 3)))) {
            SiglipVision tower = SiglipVision.of(p, "", CONFIG.vision());
            try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
                Tensor x = tower.hiddenState(scope, Tensor.bytes(scope, frames(1), FRAMES, 84, 84, 3), null, -1);
                tower.pool(tower.postNorm().forward(x), FRAMES);
            }
            near(plan, device.peakBytes());
        }
        assertThrows(IllegalArgumentException.class, () -> plans.supervised(new MemoryPlans.Supervised(1, 1, FRAMES, 10, TRAINED, false)));
        assertThrows(IllegalArgumentException.class, () -> PLANS.embedding(FRAMES, 4));
    }

    /// What a GPU holds: the emulated one counts like a real one.
    @Test void onAGpu() {
        Qwen2Config text = new Qwen2Config(300, 16, 24, 5, 2, 1, 8, 1e-6f, 1e4, 256, true, 0.02, 1);
        MemoryPlans gpu = new MemoryPlans(ModelOutline.of(new ModelOutline.Text(text)), DeviceKind.CUDA);
        MemoryPlans cpu = new MemoryPlans(ModelOutline.of(new ModelOutline.Text(text)), DeviceKind.CPU);
        MemoryPlans.Trained all = MemoryPlans.Trained.model(_ -> true);
        MemoryPlans.Supervised supervised = new MemoryPlans.Supervised(2, 2, 0, 30, all, false);
        MemoryPlan sft = gpu.supervised(supervised);
        MemoryPlan grpo = gpu.grpo(new MemoryPlans.Grpo(2, 8, 3, 1, 0, 4, all, true, false));
        try (Device device = new CudaDevice(new EmulatedGpu())) {
            Qwen2 model = Qwen2.random(device, text, 1, Initialization.fanIn(3, 3));
            long weights = device.liveBytes();
            try (Scope _ = Scope.open(device); var _ = Tape.noGrad()) {
                PackedBatch.Builder batch = PackedBatch.builder(0);
                for (int p = 0; p < 2; p++) batch.sequence(new int[4], p);
                new Generator(model).generate(batch.build(), null, 8, new GenerationSettings(Sampling.Rule.temperature(1f), 3, -1, 1f, 1, 0), null);
            }
            double ratio = (double) grpo.phases().getFirst().bytes() / (device.peakBytes() - weights);
            assertTrue(ratio >= 0.98 && ratio <= 1.3, "drawing: " + ratio + "\n" + grpo.table());
            model.parameters().train(all.names());
            try (AdamW optimizer = new AdamW(model.parameters(), new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1))) {
                for (int i = 0; i < 2; i++) textStep(device, model, optimizer, 2, new int[2], List.of(new int[28]), false);
            }
            near(sft, device.peakBytes());
        }
        assertEquals(List.of("Java itself"), sft.beside().stream().map(MemoryPlan.Item::what).toList());
        assertEquals("a chunk of logits", sft.phases().getFirst().items().getLast().what());
        assertTrue(sft.bytes() > cpu.supervised(supervised).apart().bytes(), sft.table());
        MemoryPlans.Answering asked = new MemoryPlans.Answering(0, 20, 10, 2);
        long vectors = gpu.answering(asked).always().get(1).bytes() / 4;
        assertEquals(2 * (ModelOutline.of(new ModelOutline.Text(text)).count() - vectors), gpu.answering(asked).always().getFirst().bytes(),
                "vectors are not copied twice");
        assertEquals("weights, copied", gpu.answering(asked).always().getFirst().what());
        assertTrue(gpu.answering(asked).table().contains("beside it, on the host"), gpu.answering(asked).table());
    }

    @Test void drawingCompletions() {
        int prompts = 4;
        int completions = 6;
        int tokens = 70;
        MemoryPlan plan = PLANS.grpo(new MemoryPlans.Grpo(prompts, completions, tokens, 1, FRAMES, 20, MemoryPlans.Trained.model(_ -> false),
                true, true));
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(device, CONFIG, 1, Initialization.fanIn(3, 3));
                TinyLlavaVideo reference = model.copy()) {
            assertEquals(model.parameters().count(), reference.parameters().count());
            try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
                Tensor features = features(model, scope, prompts);
                PackedBatch.Builder batch = PackedBatch.builder(32);
                for (int p = 0; p < prompts; p++) batch.sequence(rows(20), p);
                Tensor visual = visual(model, scope, features, prompts);
                new Generator(model.decoder()).generate(batch.build(), visual, completions,
                        new GenerationSettings(Sampling.Rule.temperature(1f), tokens, -1, 1f, 1, 0), null);
            }
            near(plan, device.peakBytes(), "seeing", "connecting", "drawing completions");
        }
    }

    @Test void evaluating() {
        int prompts = 5;
        int tokens = 60;
        MemoryPlan plan = PLANS.evaluating(new MemoryPlans.Evaluating(prompts, FRAMES, 20, tokens));
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(device, CONFIG, 1, Initialization.fanIn(3, 3))) {
            try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
                Tensor features = features(model, scope, prompts);
                PackedBatch.Builder batch = PackedBatch.builder(32);
                for (int p = 0; p < prompts; p++) batch.sequence(rows(20), p);
                new Generator(model.decoder()).generate(batch.build(), visual(model, scope, features, prompts), 1,
                        new GenerationSettings(Sampling.Rule.GREEDY, tokens, -1, 1f, 1, 0), null);
            }
            near(plan, device.peakBytes());
        }
    }

    /// What training holds beside them: weights, gradients and moments.
    @Test void evaluatingBetweenSteps() {
        int questions = 6;
        int tokens = 50;
        MemoryPlan training = PLANS.supervised(new MemoryPlans.Supervised(1, 1, FRAMES, 15, TRAINED, true));
        MemoryPlan plan = PLANS.withEvaluation(training, new MemoryPlans.Evaluating(questions, FRAMES, 20, tokens), TRAINED);
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(device, CONFIG, 1, Initialization.fanIn(3, 3))) {
            model.parameters().train(TRAINED.names());
            try (AdamW optimizer = new AdamW(model.parameters(), new AdamW.Settings(0.9f, 0.999f, 1e-8f, 0, 1))) {
                step(device, model, optimizer, 1, 1, 15, true);
                assertTrue(device.peakBytes() < onDevice(plan) / 2 + onDevice(training) / 2, "the questions are the peak here");
                try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
                    Tensor features = features(model, scope, questions);
                    PackedBatch.Builder batch = PackedBatch.builder(32);
                    for (int p = 0; p < questions; p++) batch.sequence(rows(20), p);
                    new Generator(model.decoder()).generate(batch.build(), visual(model, scope, features, questions), 1,
                            new GenerationSettings(Sampling.Rule.GREEDY, tokens, -1, 1f, 1, 0), null);
                }
            }
            near(plan, device.peakBytes());
        }
    }

    @Test void seeing() {
        MemoryPlan plan = PLANS.answering(new MemoryPlans.Answering(FRAMES, 20, 10, 4));
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(device, CONFIG, 1, Initialization.fanIn(3, 3))) {
            long weights = device.liveBytes();
            try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
                features(model, scope, 1);
            }
            double ratio = (double) plan.phases().getFirst().bytes() / (device.peakBytes() - weights);
            assertTrue(ratio >= 0.98 && ratio <= 1.15, ratio + "\n" + plan.table());
        }
    }

    @Test void theTableSaysWhatNeedsWhat() {
        MemoryPlans full = new MemoryPlans(ModelOutline.of(ModelTemplate.shipped("tinyllava-video-r1").config()), DeviceKind.CPU);
        MemoryPlan grpo = full.grpo(new MemoryPlans.Grpo(8, 8, 512, 1, 16, 131, TRAINED, true, false));
        assertEquals(4L * 3_629_878_336L, item(grpo, "weights").bytes());
        assertEquals(4L * 3_201_652_736L, item(grpo, "gradients").bytes());
        assertEquals(8L * 3_201_652_736L, item(grpo, "moments").bytes());
        assertEquals(36 * 2 * 256 * 4L * (8 * 643 + 64 * 511), grpo.phases().get(2).items().get(2).bytes());
        MemoryException e = assertThrows(MemoryException.class, () -> grpo.require(MemoryLimit.host(24_000_000_000L), "Take a smaller model."));
        assertTrue(e.getMessage().startsWith("grpo (8 prompts x 8 completions a step, 512 new tokens, 16 frames, micro-batch 1, all activations "
                + "kept) needs ") && e.getMessage().contains("found 24.00 GB of memory. Take a smaller model.") && !e.getMessage().endsWith("\n"),
                e.getMessage());
        assertTrue(e.getMessage().contains("moments") && e.getMessage().contains("25.61 GB"), e.getMessage());
        MemoryPlan less = full.grpo(new MemoryPlans.Grpo(8, 8, 512, 1, 16, 131, TRAINED, true, true));
        assertTrue(less.bytes() < grpo.bytes() - 20_000_000_000L, "activations computed again: " + less.table());
        MemoryPlan answering = full.answering(new MemoryPlans.Answering(16, 131, 512, 2)).require(MemoryLimit.host(24_000_000_000L), "");
        assertTrue(answering.bytes() > 7_259_756_672L && answering.bytes() < 7_259_756_672L + 4_000_000_000L, answering.table());
        List<String> names = new ArrayList<>();
        answering.phases().forEach(p -> names.add(p.name()));
        assertEquals(List.of("seeing", "connecting", "reading", "answering"), names);
    }

    /// The published model's held-out questions, beside an adapter and its base.
    @Test void theTableHasTheHeldOutQuestions() {
        MemoryPlans full = new MemoryPlans(ModelOutline.of(ModelTemplate.shipped("tinyllava-video-r1").config()), DeviceKind.CPU);
        MemoryPlans.Trained adapter = new MemoryPlans.Trained(_ -> false, new LoraSpec(16, 32, false, LoraSpec.TARGETS), 2);
        MemoryPlan grpo = full.grpo(new MemoryPlans.Grpo(8, 8, 512, 1, 16, 131, adapter, true, true));
        MemoryPlans.Evaluating asked = new MemoryPlans.Evaluating(128, 16, 131, 1024);
        MemoryPlan with = full.withEvaluation(grpo, asked, adapter);
        assertEquals(grpo.always(), with.always());
        assertEquals(grpo.phases(), with.phases().subList(0, grpo.phases().size()));
        assertEquals(List.of("seeing held-out clips", "connecting held-out clips", "answering 128 held-out questions together"),
                with.phases().subList(grpo.phases().size(), with.phases().size()).stream().map(MemoryPlan.Phase::name).toList());
        MemoryPlan.Phase answering = with.phases().getLast();
        assertEquals(36 * 2 * 256 * 4L * 128 * (643 + 1023), answering.items().stream().filter(i -> i.what().equals("keys and values")).findFirst()
                .orElseThrow().bytes());
        MemoryPlan.Phase seeing = with.phases().get(grpo.phases().size());
        assertEquals(3L * 16 * 384 * 384, seeing.items().stream().filter(i -> i.what().equals("the clips")).findFirst().orElseThrow().bytes());
        // The peak is the largest phase, and that is this one.
        assertEquals(with.always().stream().mapToLong(MemoryPlan.Item::bytes).sum() + answering.bytes(), with.bytes());
        assertTrue(with.bytes() > grpo.bytes() && with.table().contains("* while answering 128 held-out questions together"), with.table());
        assertEquals(full.withEvaluation(grpo, asked.of(1), adapter).bytes(), grpo.bytes(), "one question needs less than a step");
    }

    private static MemoryPlan.Item item(MemoryPlan plan, String what) {
        return plan.always().stream().filter(i -> i.what().equals(what)).findFirst().orElseThrow();
    }

    @Test void sizes() {
        assertEquals(20L << 30, MemoryPlan.parse("20G"));
        assertEquals(512L << 20, MemoryPlan.parse("512mb"));
        assertEquals(512L << 20, MemoryPlan.parse("512MiB"));
        assertEquals(123, MemoryPlan.parse("123"));
        for (String bad : List.of("", "G", "-1G", "1.5G", "0", "99999999999G"))
            assertThrows(IllegalArgumentException.class, () -> MemoryPlan.parse(bad), bad);
        assertEquals("7.26 GB", MemoryPlan.size(7_259_756_672L));
        assertTrue(HostMemory.physicalBytes() > 100_000_000);
    }
}
