package lucid.grpo.recipe;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import lucid.kernels.contract.Sampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeReaderTest {
    private static String message(String json) { return assertThrows(RecipeException.class, () -> RecipeReader.parse("my.json", json)).getMessage(); }

    private static String demo() { return RecipeReader.write(RecipeReader.read("demo")); }

    @Test void anAdapterNeedNotBeNamed() {
        Recipe demo = RecipeReader.read("demo");
        assertNull(demo.lora());
        assertFalse(RecipeReader.write(demo).contains("lora"), "recipes from before there were adapters keep their text, and with it their runs' "
                + "hashes");
        Recipe lora = RecipeReader.read("tinyllava-video-r1-lora");
        assertEquals(16, lora.lora().spec().r());
        assertEquals(2f, lora.lora().spec().scale());
        assertEquals(lora, RecipeReader.parse(lora.origin(), RecipeReader.write(lora)));
        assertNull(RecipeReader.parse("null", RecipeReader.write(lora).replaceFirst("(?s)\"lora\" : \\{.*?\\}", "\"lora\" : null")).lora());
    }

    @Test void aRecipeFromBeforeAConstantCouldBeNamedMeansWhatItAlwaysMeant() {
        Recipe demo = RecipeReader.read("demo");
        String early = RecipeReader.writeShortest(demo);
        for (String key : List.of("initialization", "format", "length", "malformed", "direct_tokens", "min_frequency", "clips_per_step"))
            assertFalse(early.contains('"' + key + '"'), key);
        for (String key : List.of("initialization", "format", "length", "malformed", "direct_tokens", "min_frequency", "clips_per_step"))
            assertTrue(demo().contains('"' + key + '"'), key);
        assertEquals(demo, RecipeReader.parse(demo.origin(), early));
        String named = RecipeReader.writeShortest(RecipeReader.parse("other", demo().replace("\"malformed\" : -2.0", "\"malformed\" : -1.5")
                .replace("\"embedding\" : 0.3", "\"embedding\" : 0.02")));
        assertTrue(named.contains("\"malformed\" : -1.5") && named.contains("\"embedding\" : 0.02") && !named.contains("\"format\""), named);
    }

    @Test void publishedAnswersAreSampled() {
        for (String name : RecipeReader.SHIPPED) {
            Recipe.EvaluationSpec e = RecipeReader.read(name).evaluation();
            assertEquals(!name.contains("-r1") ? Sampling.Rule.GREEDY : new Sampling.Rule(false, 1, 50, 1, 0), e.rule(), name);
        }
    }

    @Test void numbersToBeginWithAreForAModelThatBegins() {
        String own = RecipeReader.write(RecipeReader.read("demo"));
        String begins = own.substring(own.indexOf("\"initialization\""), own.indexOf("\"tokenizer\""));
        String m = message(RecipeReader.write(RecipeReader.read("tinyllava-video-r1")).replaceFirst("\"tokenizer\"", begins + "\"tokenizer\""));
        assertTrue(m.startsWith("my.json, initialization: found ") && m.contains("wanted null"), m);
    }

    @Test void shippedRecipesAreWhole() {
        for (String name : RecipeReader.SHIPPED) {
            Recipe r = RecipeReader.read(name);
            assertEquals(name, r.name());
            assertEquals(r, RecipeReader.parse(r.origin(), RecipeReader.write(r)), "written and read back");
        }
    }

    @Test void publishedConstants() {
        Stage.Grpo g = (Stage.Grpo) RecipeReader.read("tinyllava-video-r1").stage("grpo");
        assertEquals(687, g.steps());
        assertEquals(0.01, g.loss().beta());
        assertEquals(0.02, g.advantage().noise());
        assertEquals(50, g.sampling().topK());
        assertEquals(1e-6, g.optimizer().lr());
        assertEquals(21, g.optimizer().warmup());
    }

    @Test void baseTrainingIsTheConnectorAloneThenBoth() {
        Recipe base = RecipeReader.read("tinyllava-video");
        Stage.Supervised first = (Stage.Supervised) base.stages().getFirst();
        Stage.Supervised second = (Stage.Supervised) base.stages().getLast();
        assertEquals(List.of(Stage.Part.CONNECTOR), first.trainable());
        assertEquals(List.of(Stage.Part.CONNECTOR, Stage.Part.LANGUAGE_MODEL), second.trainable());
        assertEquals(Map.of("caption", 128), first.mix());
        assertEquals(Map.of("conversation", 64), second.mix());
        assertEquals(List.of(1e-4, 2e-5), List.of(first.optimizer().lr(), second.optimizer().lr()));
        assertEquals(Float.POSITIVE_INFINITY, first.optimizer().settings().maxNorm(), "nothing is clipped");
        assertEquals("my.json, data.captions: found null, wanted a file: stage connector learns from it",
                message(RecipeReader.write(base).replace("\"captions\" : \"text_files/cleaned_video_caption.json\"", "\"captions\" : null")));
    }

    /// Hugging Face's Trainer takes both and never rises.
    @Test void aConstantRateHasNoWarmup() {
        assertEquals("my.json, stage language, optimizer.warmup: found 30, wanted 0: schedule constant does not rise; constant_with_warmup does",
                message(demo().replaceFirst("\"constant_with_warmup\"", "\"constant\"")));
        RecipeReader.parse("my.json", demo().replaceFirst("\"constant_with_warmup\",(\\s*)\"warmup\" : 30", "\"constant\",$1\"warmup\" : 0"));
    }

    /// A constant rate is above any floor; the demo's stages say one.
    @ParameterizedTest @ValueSource(strings = {"constant", "constant_with_warmup", "cosine_with_min_lr", "linear", "cosine", "polynomial"})
    void aFloorThatHasNoEffectIsRefused(String schedule) {
        String stage = demo().substring(demo().lastIndexOf("\"optimizer\""));
        String changed = stage.replace("cosine_with_min_lr", schedule).replace("\"warmup\" : 5", "\"warmup\" : 0");
        boolean kept = schedule.startsWith("constant") || schedule.endsWith("min_lr");
        if (kept) RecipeReader.parse("my.json", demo().replace(stage, changed));
        else assertTrue(message(demo().replace(stage, changed)).startsWith("my.json, stage grpo, optimizer.floor: found 0.1, wanted 0: schedule "));
        RecipeReader.parse("my.json", demo().replace(stage, changed.replace("\"floor\" : 0.1", "\"floor\" : 0")));
    }

    /// Keys of the loss that have no effect, or a wrong one, beside others.
    @Test void lossesThatDoNotGoTogether() {
        String sequence = demo().replace("\"ratio\" : \"token\"", "\"ratio\" : \"sequence\"");
        String times = "\"kl_times_ratio\" : true";
        String never = "\"kl_times_ratio\" : false";
        RecipeReader.parse("my.json", sequence);
        RecipeReader.parse("my.json", demo().replace(never, times));
        assertTrue(message(sequence.replace(never, times)).endsWith("loss.kl_times_ratio: found true, wanted false, or ratio token: it is each token's "
                + "own ratio"));
        assertTrue(message(demo().replace(never, times).replace("\"beta\" : 0.15", "\"beta\" : 0"))
                .endsWith("loss.kl_times_ratio: found true, wanted false: beta is 0, there is no KL"));
        String cispo = demo().replace("\"surrogate\" : \"clip\"", "\"surrogate\" : \"cispo\"");
        RecipeReader.parse("my.json", cispo);
        assertTrue(message(cispo.replace("\"delta\" : null", "\"delta\" : 4"))
                .endsWith("loss.delta: found 4.0, wanted null: cispo has one bound above, epsilon_high"));
        String clipped = demo().replace("\"epsilon_high\" : null", "\"epsilon_high\" : 0.28");
        RecipeReader.parse("my.json", clipped.replace("\"delta\" : null", "\"delta\" : 1.29"));
        assertTrue(message(clipped.replace("\"delta\" : null", "\"delta\" : 1.28")).contains("loss.delta: found 1.28, wanted more than 1.28: "));
        String centred = demo().replace("\"divide_by_std\" : true", "\"divide_by_std\" : false");
        assertTrue(message(centred.replace("\"std_of\" : \"group\"", "\"std_of\" : \"batch\""))
                .endsWith("advantage.std_of: found 'batch', wanted group: divide_by_std is false, nothing is divided"));
    }

    @Test void aMisspeltKeyIsRefusedAndTheNearestSuggested() {
        String m = message(demo().replace("\"max_new_tokens\" : 72,\n    \"sampling\"", "\"max_new_token\" : 72,\n    \"sampling\""));
        assertTrue(m.contains("my.json") && m.contains("line ") && m.contains("'max_new_token'") && m.contains("did you mean 'max_new_tokens'"), m);
    }

    @Test void checkpointsOfStagesAreToldApart() {
        Recipe demo = RecipeReader.read("demo");
        assertEquals("my.json, stages: found 101, wanted at most 100: checkpoints are told apart by two digits",
                message(RecipeReader.write(demo.withStages(Collections.nCopies(101, demo.stages().getFirst())))));
    }

    @Test void aMissingKeyIsNamed() {
        String m = message(demo().replaceFirst("\"seed\" : 1,", ""));
        assertTrue(m.endsWith("seed: is missing"), m);
    }

    /// The demo with one text replaced, the last time that it occurs: in its GRPO stage or after it.
    private static String changed(String from, String to) {
        String demo = demo();
        int at = demo.lastIndexOf(from);
        assertTrue(at >= 0, from);
        return message(demo.substring(0, at) + to + demo.substring(at + from.length()));
    }

    private static void refused(String from, String to, String... parts) {
        String m = changed(from, to);
        for (String part : parts) assertTrue(m.contains(part), "wanted '" + part + "' in: " + m);
    }

    @ParameterizedTest @CsvSource(delimiter = '|', textBlock = """
            "max_grad_norm" : 1.0    | "max_grad_norm" : " "     | max_grad_norm: found ' ', wanted a number
            "kl_clamp" : 100.0       | "kl_clamp" : "  "         | kl_clamp: found '  ', wanted a number
            "kl_clamp" : 100.0       | "kl_clamp" : ""           | kl_clamp: found '', wanted a number
            "phase" : "grpo"         | "phase" : 7               | phase: found 7, wanted text
            "phase" : "grpo"         | "phase" : true            | phase: found true, wanted text
            "name" : "grpo"          | "name" : -1               | name: found -1, wanted text
            "trainable" : [ "CONNECTOR", "LANGUAGE_MODEL" ] | "trainable" : [ 0, 1 ] | trainable[0]: found 0, wanted
            "questions" : null       | "questions" : "q.jsonl"                          | data.questions: found 'q.jsonl', wanted null: data of kind drift are made from data_seed
            "cold_start" : null      | "cold_start" : "c.json"                          | data.cold_start: found 'c.json', wanted null
            "clips_per_step" : 32    | "clips_per_step" : 32, "captions" : "c.json"      | data.captions: found 'c.json', wanted null
            "clips_per_step" : 32    | "clips_per_step" : 32, "conversations" : "c.json" | data.conversations: found 'c.json', wanted null
            "steps" : 100            | "steps" : 0               | stage grpo, steps: found 0, wanted a whole number, at least 1
            "steps" : 100            | "steps" : 1000000         | stage grpo, steps: found 1000000, wanted at most 999999: checkpoints are told apart by six digits
            "prompts" : 16           | "prompts" : 0             | stage grpo, prompts: found 0, wanted a whole number, at least 1
            "completions" : 8        | "completions" : -8        | stage grpo, completions: found -8
            "iterations" : 1         | "iterations" : 0          | stage grpo, iterations: found 0
            "micro_batch" : 16       | "micro_batch" : 0         | stage grpo, micro_batch: found 0
            "save_every" : 50        | "save_every" : 0          | stage grpo, save_every: found 0
            "interim_every" : 20     | "interim_every" : -1      | stage grpo, interim_every: found -1, wanted a whole number, at least 0
            "rescore_every" : 10     | "rescore_every" : -1      | stage grpo, rescore_every: found -1
            "temperature" : 1.0      | "temperature" : 0         | stage grpo, sampling.temperature: found 0.0, wanted a finite number > 0
            "temperature" : 1.0      | "temperature" : 1e99      | sampling.temperature: found Infinity
            "top_k" : 0              | "top_k" : -1              | sampling.top_k: found -1
            "top_p" : 1.0            | "top_p" : 0               | sampling.top_p: found 0.0, wanted a number in (0, 1]
            "min_p" : 0.0            | "min_p" : 1.5             | sampling.min_p: found 1.5, wanted a number in [0, 1]
            "rule" : "code"          | "rule" : "paperr"         | stage grpo, reward.rule: found 'paperr', wanted one of code, paper (did you mean 'paper'?)
            "rule" : "code"          | "rule" : null             | reward.rule: found null, wanted one of code, paper
            "max_length" : 90        | "max_length" : 0          | reward.max_length: found 0
            "format" : 0.5           | "format" : 0              | stage grpo, reward.format: found 0.0, wanted a finite number > 0
            "format" : 0.5           | "format" : null           | stages[5].reward.format: found null, wanted a number
            "length" : 0.5           | "length" : -0.5           | stage grpo, reward.length: found -0.5, wanted a finite number >= 0
            "malformed" : -2.0       | "malformed" : -1e999      | stage grpo, reward.malformed: found -Infinity, wanted a number in [-2.0, 0.0]
            "malformed" : -2.0       | "malfromed" : -2.0        | unknown key 'malfromed' (did you mean 'malformed'?)
            "min_frequency" : 2      | "min_frequency" : 0       | tokenizer.min_frequency: found 0, wanted a whole number, at least 1
            "direct_tokens" : 8      | "direct_tokens" : 8, "sampling" : "greedy" | evaluation.sampling: found 'greedy', wanted an object with temperature, top_k, top_p, min_p
            "direct_tokens" : 8      | "direct_tokens" : 8, "sampling" : {"temperature": 1} | evaluation.sampling.top_k: is missing
            "clips_per_step" : 32    | "clips_per_step" : 0      | data.clips_per_step: found 0, wanted a whole number, at least 1
            "direct_tokens" : 8      | "direct_tokens" : 0       | evaluation.direct_tokens: found 0, wanted a whole number, at least 1
            "direct_tokens" : 8      | "sampling" : {"temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0} | evaluation.sampling.temperature: found 0.0
            "embedding" : 0.3        | "embedding" : -0.3        | initialization.embedding: found -0.3, wanted a finite number > 0
            "noise" : 0.02           | "noise" : -0.02           | advantage.noise: found -0.02, wanted a finite number >= 0
            "epsilon_low" : null     | "epsilon_low" : -0.2      | loss.epsilon_low: found -0.2
            "epsilon_high" : null    | "epsilon_high" : -0.2     | loss.epsilon_high: found -0.2
            "beta" : 0.15            | "beta" : -1               | loss.beta: found -1.0
            "kl_clamp" : 100.0       | "kl_clamp" : 0            | loss.kl_clamp: found 0.0
            "sequence_mean"          | "seqmean"                 | stage grpo, loss.aggregation: found 'seqmean', wanted one of sequence_mean, token_mean, fixed_length_mean
            "surrogate" : "clip"     | "surrogate" : "cipso"     | stage grpo, loss.surrogate: found 'cipso', wanted one of clip, cispo (did you mean 'cispo'?)
            "surrogate" : "clip"     | "surogate" : "clip"       | unknown key 'surogate' (did you mean 'surrogate'?)
            "ratio" : "token"        | "ratio" : "tokens"        | loss.ratio: found 'tokens', wanted one of token, sequence (did you mean 'token'?)
            "ratio" : "token"        | "ratio" : null            | loss.ratio: found null, wanted one of token, sequence
            "kl_times_ratio" : false | "kl_times_ratio" : 1      | loss.kl_times_ratio: found 1, wanted true or false
            "mask_truncated" : false | "mask_truncated" : "no"   | loss.mask_truncated: found 'no', wanted true or false
            "std_of" : "group"       | "std_of" : "step"         | advantage.std_of: found 'step', wanted one of group, batch
            "cosine_with_min_lr"     | "cosine"                  | stage grpo, optimizer.floor: found 0.1, wanted 0: schedule cosine falls without one; cosine_with_min_lr ends at its floor
            "cosine_with_min_lr"     | "linear"                  | optimizer.floor: found 0.1, wanted 0: schedule linear
            "cosine_with_min_lr"     | "inverse_sqrt"            | optimizer.floor: found 0.1, wanted 0: schedule inverse_sqrt
            "lr" : 2.5E-4            | "lr" : 1e999              | stage grpo, optimizer.lr: found Infinity
            "beta1" : 0.9            | "beta1" : 1               | optimizer.beta1: found 1.0, wanted a number in [0, 1)
            "beta2" : 0.999          | "beta2" : -0.1            | optimizer.beta2: found -0.1
            "eps" : 1.0E-8           | "eps" : 0                 | optimizer.eps: found 0.0
            "weight_decay" : 0.0     | "weight_decay" : -1       | optimizer.weight_decay: found -1.0
            "cosine_with_min_lr"     | "cosine_with_minlr"       | optimizer.schedule: found 'cosine_with_minlr', wanted one of ... (did you mean 'cosine_with_min_lr'?)
            "cosine_with_min_lr"     | "warmup_stable_decay"     | optimizer.schedule: found 'warmup_stable_decay' ... num_decay_steps
            "warmup" : 5             | "warmup" : -5             | optimizer.warmup: found -5
            "floor" : 0.1            | "floor" : 2               | optimizer.floor: found 2.0
            "max_grad_norm" : 1.0    | "max_grad_norm" : 0       | optimizer.max_grad_norm: found 0.0
            "name" : "grpo"          | "name" : "cold_start"     | stages[5].name: found 'cold_start', wanted a name that no other stage has
            "name" : "grpo"          | "name" : "a/b"            | stages[5].name: found 'a/b'
            "phase" : "grpo"         | "phase" : "gpro"          | stage grpo, phase: found 'gpro', wanted one of base, cold_start, grpo (did you mean 'grpo'?)
            "document" : 16          | "document" : 0            | stage cold_start, mix.document: found 0
            "document" : 16          | "documnet" : 16           | stage cold_start, mix: found 'documnet' ... (did you mean 'document'?)
            "document" : 16          | "document" : 1.5          | mix.document: found 1.5, wanted a whole number
            "document" : 16          | "direct" : 16             | Duplicate field 'direct'
            "controls" : 300         | "controls" : -1           | evaluation.controls: found -1
            "interim" : 100          | "interim" : -1            | evaluation.interim: found -1
            "questions" : 0          | "questions" : -1          | evaluation.questions: found -1
            "vocabulary" : 512       | "vocabulary" : 100        | tokenizer.vocabulary: found 100, wanted a whole number, at least 257
            "texts" : 3000           | "texts" : 0               | tokenizer.texts: found 0
            "kind" : "drift"         | "kind" : "drfit"          | data.kind: found 'drfit', wanted one of drift, nextqa (did you mean 'drift'?)
            "kind" : "drift"         | "kind" : "nextqa"         | data.clips: found 4000, wanted null: data of kind nextqa are what their files hold
            "frames" : 8             | "frames" : 0              | data.frames: found 0
            "image" : 32             | "image" : 0               | data.image: found 0
            "clips" : 4000           | "clips" : 2147483647      | data.clips: found 2147483647, wanted at most 10000000 together with held_out, which is 1000
            "clips" : 4000           | "clips" : null            | data.clips: found null, wanted a whole number, at least 64
            "held_out" : 1000        | "held_out" : 4            | data.held_out: found 4, wanted a whole number, at least 5
            "data_seed" : 1          | "data_seed" : null        | data.data_seed: found null
            "steps" : 100            | "steps" : 1.5             | stages[5].steps: found 1.5, wanted a whole number
            "steps" : 100            | "steps" : "many"          | stages[5].steps: found 'many', wanted a whole number
            "steps" : 100            | "steps" : null            | stages[5].steps: found null, wanted a whole number
            "steps" : 100            | "steps" : [ 100 ]         | stages[5].steps: found a list, wanted a whole number
            "steps" : 100            | "steps" : 3000000000      | stages[5].steps: found 3000000000, wanted a whole number from -2147483648 to 2147483647
            "lr" : 2.5E-4            | "lr" : null               | stages[5].optimizer.lr: found null, wanted a number
            "length_part" : true     | "length_part" : "perhaps" | stages[5].reward.length_part: found 'perhaps', wanted true or false
            "LANGUAGE_MODEL"         | "language_modle"          | stages[5].trainable[1]: found 'language_modle', wanted one of vision_tower, connector, language_model (did you mean 'language_model'?)
            "LANGUAGE_MODEL"         | "connector"               | stage grpo, trainable: found [CONNECTOR, CONNECTOR]
            """)
    void aValueThatCannotBe(String from, String to, String parts) {
        refused(from, to, "my.json, ");
        refused(from, to, parts.split(" ?\\.\\.\\. ?"));
    }

    /// The demo with its last stage's kind replaced.
    private static String kind(String to) { return changed("\"kind\" : \"grpo\",", to); }

    @Test void aStageOfNoKindIsSaidToHaveNone() {
        String wanted = ", wanted 'supervised' or 'grpo'";
        assertTrue(kind("").endsWith("stages[5].kind: is missing" + wanted), kind(""));
        assertTrue(kind("\"kind\" : null,").endsWith("stages[5].kind: found null" + wanted), kind("\"kind\" : null,"));
        for (String near : List.of("GRPO", "ppo")) {
            String m = kind("\"kind\" : \"" + near + "\",");
            assertTrue(m.endsWith("stages[5].kind: found '" + near + "'" + wanted + " (did you mean 'grpo'?)"), m);
        }
        String m = message(demo().replaceFirst("\"stages\" : \\[", "\"stages\" : [ \"grpo\","));
        assertTrue(m.endsWith("stages[0]: found 'grpo', wanted an object with kind 'supervised' or 'grpo'"), m);
    }

    @Test void whatIsNoRecipeIsNamed() {
        for (String empty : List.of("", " \n"))
            assertTrue(message(empty).matches("my.json, line \\d: found nothing, wanted an object with name, description, .*, lora"), message(empty));
        assertTrue(message("[]").contains(": found a list, wanted an object with name, "), message("[]"));
        String two = message(demo() + demo());
        assertTrue(two.endsWith(": found more behind the recipe, wanted one object and nothing else"), two);
    }

    /// Where a recipe was read from is in its messages, and no part of it.
    @Test void theOriginOfARecipeIsNoKey() {
        Recipe mine = RecipeReader.parse("my.json", demo());
        assertEquals("recipe demo", RecipeReader.read("demo").origin());
        assertEquals("my.json", mine.withSeed(3).withStages(mine.stages()).origin());
        assertEquals("my.json, stage grpo, prompts: found 9, wanted at most 8", mine.fault("stage grpo, prompts", 9, "at most 8").getMessage());
        assertEquals(demo(), RecipeReader.write(mine));
        assertTrue(message(demo().replaceFirst("\"seed\" : 1,", "\"seed\" : 1, \"origin\" : \"x\",")).contains("unknown key 'origin'"));
    }

    @Test void everyStageIsNeeded() {
        assertEquals("my.json, stages: found [], wanted at least one",
                message(demo().replaceFirst("(?s)\"stages\" : \\[.*\\],(?=\\s*\"evaluation\")", "\"stages\" : [],")));
    }

    @Test void aStageLearnsFromSomething() {
        String m = message(demo().replaceFirst("(?s)\"mix\" : \\{.*?\\}", "\"mix\" : {}"));
        assertTrue(m.contains("stage language, mix: found {}") && m.contains("frame_caption"), m);
    }

    /// Supervised stages had none at first, and all of a step went together.
    @Test void aSupervisedStageNeedsNoMicroBatch() {
        assertTrue(RecipeReader.read("demo").stages().stream()
                .allMatch(s -> !(s instanceof Stage.Supervised learning) || learning.microBatch() == null));
        for (String published : List.of("tinyllava-video", "tinyllava-video-r1-coldstart")) {
            for (Stage s : RecipeReader.read(published).stages()) assertEquals(1, ((Stage.Supervised) s).microBatch());
        }
        String written = RecipeReader.write(RecipeReader.read("tinyllava-video-r1-coldstart"));
        assertEquals(1, ((Stage.Supervised) RecipeReader.parse("again", written).stages().getFirst()).microBatch());
        assertNull(((Stage.Supervised) RecipeReader.parse("older", written.replace("\"micro_batch\" : 1,", "")).stages().getFirst()).microBatch());
        String m = message(written.replace("\"micro_batch\" : 1,", "\"micro_batch\" : 0,"));
        assertTrue(m.contains("micro_batch: found 0, wanted a whole number, at least 1"), m);
    }

    @Test void rewardsDoNotTrainTheTower() {
        refused("[ \"CONNECTOR\", \"LANGUAGE_MODEL\" ]", "[ \"VISION_TOWER\", \"LANGUAGE_MODEL\" ]",
                "my.json, stage grpo, trainable: found [vision_tower, language_model], wanted connector or language_model: GRPO keeps the tower "
                + "frozen");
    }

    @Test void aStepSeesFramesOrClips() {
        assertEquals("my.json, stage frames, mix: found 'frame_caption and caption', wanted single frames or whole clips; use two stages",
                message(demo().replaceFirst("\"frame_caption\" : 64", "\"frame_caption\" : 64, \"caption\" : 1")));
        RecipeReader.parse("my.json", demo().replaceFirst("\"frame_caption\" : 64", "\"frame_caption\" : 64, \"document\" : 1"));
    }

    /// Such a recipe seemed to begin from nothing, and there was nothing to train its tokenizer on.
    @Test void aTokenizerIsTrainedOnDrift() {
        String own = demo();
        String words = own.substring(own.indexOf("\"tokenizer\""), own.indexOf("\"data\""));
        assertEquals("my.json, tokenizer: found 'numbers', wanted null: it is trained on texts of drift, and data of kind nextqa have a model's",
                message(RecipeReader.write(RecipeReader.read("tinyllava-video-r1")).replaceFirst("\"tokenizer\" : null,\\s*", words)));
    }

    @Test void aStageTrainsSomething() {
        refused("[ \"CONNECTOR\", \"LANGUAGE_MODEL\" ]", "[ ]", "my.json, stage grpo, trainable: found [], wanted at least one of vision_tower, "
                + "connector, language_model");
    }

    @Test void anAdapterThatCannotBe() {
        String lora = RecipeReader.write(RecipeReader.read("tinyllava-video-r1-lora"));
        assertEquals("my.json, lora.r: found 0, wanted a whole number, at least 1", message(lora.replace("\"r\" : 16", "\"r\" : 0")));
        assertTrue(message(lora.replace("\"questions\" : \"nextqa_0-30s.jsonl\"", "\"questions\" : null"))
                .startsWith("my.json, data.questions: found null"));
    }

    @Test void aValueOfAnotherKind() {
        assertTrue(message(demo().replaceFirst("\"trainable\" : \\[[^]]*]", "\"trainable\" : \"all\""))
                .endsWith("stages[0].trainable: found 'all', wanted a list"));
        assertTrue(message(demo().replaceFirst("\"trainable\" : \\[[^]]*]", "\"trainable\" : [[]]"))
                .contains("stages[0].trainable[0]: found a list, wanted one of vision_tower, "));
        assertTrue(message(demo().replaceFirst("\"name\" : \"demo\"", "\"name\" : {}")).endsWith("name: found an object, wanted text"));
        assertTrue(message(demo().replaceFirst("\"steps\" : \\d+", "\"steps\" : 1000000000000"))
                .endsWith("stages[0].steps: found 1000000000000, wanted a whole number from -2147483648 to 2147483647"));
        assertTrue(message(demo().replaceFirst("\"steps\" : \\d+", "\"steps\" : NaN")).endsWith("stages[0]: not JSON: Non-standard token 'NaN'"));
    }

    /// As editors and shells of Windows write files.
    @Test void filesBeginWithAByteOrderMarkOrAreWide(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("mine.json"), "\uFEFF" + demo());
        assertEquals(demo(), RecipeReader.write(RecipeReader.read(file.toString())));
        Files.writeString(file, demo(), StandardCharsets.UTF_16);
        String message = assertThrows(RecipeException.class, () -> RecipeReader.read(file.toString())).getMessage();
        assertTrue(message.startsWith(file + ", line 1: found UTF-16 text") && message.contains("wanted UTF-8"), message);
    }

    @Test void notJson() { assertTrue(message("{ name: ").contains("not JSON")); }

    @Test void unknownStageKind() {
        assertTrue(message(demo().replace("\"kind\" : \"grpo\"", "\"kind\" : \"gpro\"")).contains("did you mean 'grpo'"));
    }

    @Test void unknownName() {
        String m = assertThrows(RecipeException.class, () -> RecipeReader.read("dmeo")).getMessage();
        assertTrue(m.contains("did you mean 'demo'"), m);
    }
}
