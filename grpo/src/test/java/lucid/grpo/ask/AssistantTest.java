package lucid.grpo.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lucid.grpo.console.Console;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Rehearsal;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.WeightOrder;
import lucid.nn.weights.Initialization;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AssistantTest {
    private static final int TOKENS = 20;
    /// Who hears the answer takes so long for each piece.
    private static final int MILLIS = 200;

    @TempDir Path temp;

    /// A terminal behind a slow line does not make the model slower: what its listener takes is not in the speed of an answer.
    @Test void whoHearsTheAnswerTakesNothingFromItsSpeed() throws Exception {
        Tokenizer words = new BpeTrainer(270, 2, List.of("<|endoftext|>")).train(List.of("a ring and a bar")).tokenizer();
        TinyLlavaConfig config = TinyLlavaConfig.of(
                new Qwen2Config(words.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, false, 0.02, words.eosId()),
                new SiglipVisionConfig(20, 27, 3, 2, 16, 5, 1e-6f), new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 512, words.eosId());
        Path model = Files.createDirectory(temp.resolve("model"));
        try (Device device = new SimdDevice(1)) {
            try (TinyLlavaVideo toy = TinyLlavaVideo.random(device, config, 3, Initialization.PUBLISHED)) {
                toy.save(model, StoredType.BF16);
            }
            try (Assistant assistant = Assistant.open(device, model, WeightOrder.MAPPED, words, Console.standard(), Rehearsal.start(device, model))) {
                int[] pieces = {0};
                Reply reply = assistant.complete(words.encode("a ring"), GenerationSettings.greedy(TOKENS, -1), _ -> {
                    pieces[0]++;
                    pause();
                });
                assertEquals(TOKENS, reply.newTokens());
                // The last piece comes behind the last token.
                double heard = (pieces[0] - 1) * MILLIS / 1000.0;
                assertTrue(heard > 0, pieces[0] + " pieces");
                assertTrue((TOKENS - 1) / reply.perSecond() < heard, reply.perSecond() + " tokens a second, and " + heard + " s of listening");
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(MILLIS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
