package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.console.PseudoTerminal;
import lucid.grpo.data.DriftData;
import lucid.grpo.data.PromptTemplate;
import lucid.grpo.data.TrainingData;
import lucid.grpo.train.Policy;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.checkpoint.CheckpointInfo;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.memory.DeviceKind;
import lucid.nn.memory.MemoryPlans;
import lucid.nn.model.Qwen2;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerJson;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.drift.DriftPlan;
import lucid.video.file.VideoReader;
import lucid.video.file.VideoWriter;
import lucid.video.pixels.SiglipPixels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `generate` and `chat` on a random toy model, beside the same prompt put to the trainer's own generator.
class AskCommandTest extends CommandTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(new DriftPlan(3, 64, 5), 30))
            .tokenizer();
    private static final int TOKENS = 12;

    @TempDir static Path root;
    private static Path model;
    private static Path first;
    private static Path second;

    @TempDir Path temp;

    private static Qwen2Config text() {
        return new Qwen2Config(TOKENIZER.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, false, 0.02, TOKENIZER.eosId());
    }

    @BeforeAll static void makeAToy() throws IOException {
        model = Files.createDirectories(root.resolve("model"));
        TinyLlavaConfig config = TinyLlavaConfig.of(text(), new SiglipVisionConfig(20, 27, 3, 2, 16, 5, 1e-6f),
                new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 512, TOKENIZER.eosId());
        try (Device d = new SimdDevice(1); TinyLlavaVideo toy = TinyLlavaVideo.random(d, config, 3, new Initialization(0, 0.3, 0.5, 1, 2, 1, 1))) {
            toy.save(model, StoredType.BF16);
        }
        TokenizerJson.write(TOKENIZER, model.resolve("tokenizer.json"));
        first = clip("first.mp4", 1);
        second = clip("second.mp4", 2);
    }

    private static Path clip(String name, int seed) {
        Random random = new Random(seed);
        byte[] rgb = new byte[9 * 16 * 16 * 3];
        // Squares of 8 pixels, black or white: nothing that the codec takes away.
        for (int block = 0; block < 9 * 4; block++) {
            byte colour = (byte) (random.nextBoolean() ? 255 : 0);
            int corner = (block / 4 * 16 + block % 4 / 2 * 8) * 16 + block % 2 * 8;
            for (int y = 0; y < 8; y++) Arrays.fill(rgb, (corner + y * 16) * 3, (corner + y * 16 + 8) * 3, colour);
        }
        VideoWriter.write(root.resolve(name), Frames.of(9, 16, 16, rgb, 8));
        return root.resolve(name);
    }

    /// The answer by the way of training: copied f32 weights, the whole prompt at once.
    private static int[] expected(Path clip, int[] prompt) {
        try (Device d = new SimdDevice(1); Policy policy = new Policy(TinyLlavaVideo.load(d, model)); Scope _ = Scope.open(d);
                var _ = Tape.noGrad()) {
            Frames frames = new SiglipPixels(16).resize(VideoReader.read(clip, new FrameSampling.Uniform(3)));
            Tensor visual = policy.connect(policy.features(frames.rgb(), 1, 3, 16), 1);
            return policy.generate(List.of(prompt), visual, 1, GenerationSettings.greedy(TOKENS, TOKENIZER.eosId()), null).getFirst().ids();
        }
    }

    private static int[] prompt(String user) { return new PromptTemplate(TOKENIZER).prompt(user); }

    private static String text(int[] ids) { return TOKENIZER.decode(ids, true).strip(); }

    private static Outcome ask(Object... more) { return asking(model, first, more); }

    private static Outcome asking(Path model, Path clip, Object... more) {
        Object[] fixed = {"generate", "--model", model, "--video", clip, "--question", "Which first?", "--max-tokens", TOKENS, "--threads", 1};
        return lucid(Stream.concat(Arrays.stream(fixed), Arrays.stream(more)).toArray());
    }

    private static Outcome chat(String input, Object... more) { return chat(input.getBytes(StandardCharsets.UTF_8), more); }

    private static Outcome chat(byte[] input, Object... more) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input));
        try {
            Object[] fixed = {"chat", "--model", model, "--video", first, "--max-tokens", TOKENS, "--threads", 1, "--plain"};
            return lucid(Stream.concat(Arrays.stream(fixed), Arrays.stream(more)).toArray());
        } finally {
            System.setIn(before);
        }
    }

    // Answers

    @Test void theTrainersOwnAnswer() {
        String wanted = text(expected(first, prompt(PromptTemplate.question("Which first?\nOptions:\nA. Ring.\nB. Bar.",
                TrainingData.Mode.REASONING))));
        Outcome o = ask("--option", "A=Ring", "--option", "B=Bar").ok();
        assertEquals(wanted + "\n", o.out());
        assertTrue(o.err().contains("3 frames in") && o.err().contains(TOKENS + " tokens, first after"), o.err());
        assertEquals(wanted + "\n", ask("--option", "A=Ring", "--option", "B=Bar", "--no-stream").ok().out());
    }

    /// Nine frames at eight a second, and sixty at one.
    @Test void oneFrameASecond() {
        Path slow = temp.resolve("slow.mp4");
        VideoWriter.write(slow, Frames.of(60, 16, 16, VideoReader.readAll(first).select(IntStream.range(0, 60).map(i -> i % 9).toArray()).rgb(), 1));
        assertEquals(ask("--frames", 1).ok().out(), ask("--frames", "1fps").ok().out(), "a second and an eighth");
        Outcome sixty = asking(model, slow, "--frames", "1fps").ok();
        assertTrue(sixty.err().contains("60 frames in"), sixty.err());
        assertEquals(asking(model, slow, "--frames", 60).ok().out(), sixty.out());
        assertEquals(asking(model, slow, "--frames", 4).ok().out(), asking(model, slow, "--frames", "1fps", "--max-frames", 4).ok().out());
        // What is planned is what will be seen.
        MemoryPlans plans = new MemoryPlans(CheckpointInfo.read(model).outline(), DeviceKind.CPU);
        long enough = plans.answering(new MemoryPlans.Answering(1, MemoryPlans.PROMPT_TOKENS, TOKENS, 2)).bytes();
        ask("--frames", "1fps", "--memory", enough).ok();
        asking(model, slow, "--frames", "1fps", "--memory", enough).failedWith("answering (60 frames", "--max-frames");
        Outcome chat = chat("/video " + slow + "\nWhich?\n", "--frames", "1fps", "--memory", enough).ok();
        assertTrue(chat.err().contains("(1 frame in") && chat.err().contains("answering (60 frames") && !chat.out().isBlank(), chat.err());
    }

    @Test void nothingButTextGoesIntoAPipe() {
        Outcome o = ask().ok();
        assertFalse((o.out() + o.err()).contains("\u001B"), "an escape sequence where there is no terminal");
    }

    @Test void json() throws IOException {
        JsonNode node = new ObjectMapper().readTree(ask("--json", "--direct").ok().out());
        String wanted = text(expected(first, prompt(PromptTemplate.question("Which first?", TrainingData.Mode.DIRECT))));
        assertEquals(wanted, node.get("text").asText());
        assertEquals(wanted, node.get("answer").asText());
        assertTrue(node.get("letter").isNull());
        snakeCase(node);
        assertEquals(TOKENS, node.get("new_tokens").asInt());
        assertFalse(node.get("ended").asBoolean());
        assertEquals(3, node.get("seen").get("frames").asInt());
        assertTrue(node.get("time_to_first_token").asDouble() > 0 && node.get("load").asDouble() > 0);
        int rows = prompt(PromptTemplate.question("Which first?", TrainingData.Mode.DIRECT)).length - 1 + 6;
        assertEquals(rows, node.get("prompt_rows").asInt(), "2 latents for each of 3 groups in the place of the placeholder");
        assertEquals(rows - node.get("seen").get("rows").asInt(), node.get("new_rows").asInt());
    }

    @Test void samplesDependOnTheSeedAlone() {
        String one = ask("--temperature", 3, "--seed", 4).ok().out();
        assertEquals(one, ask("--temperature", 3, "--seed", 4, "--device", "simd").ok().out());
        assertNotEquals(one, ask("--temperature", 3, "--seed", 5).ok().out());
    }

    // Conversations

    /// From a terminal into a file go the answers alone; the prompt is for who sees it.
    @Test void aPromptIsShownOnTheTerminalOnly() throws IOException, InterruptedException {
        String chat = "chat --model '" + model + "' --video '" + first + "' --max-tokens " + TOKENS + " --threads 1 --plain";
        PseudoTerminal terminal = new PseudoTerminal(temp);
        String answer = chat("What is there?\n").ok().out();
        terminal.java(Lucid.class, chat + " > out", "What is there?\n/quit\n");
        assertEquals(answer, Files.readString(temp.resolve("out")));
        assertTrue(terminal.java(Lucid.class, chat + " 2> err", "/quit\n").contains("> "));
    }

    @Test void questionsFromAPipe() {
        String about = text(expected(first, prompt("What is there?")));
        String other = text(expected(second, prompt("What is there?")));
        assertNotEquals(about, other);
        Outcome o = chat("What is there?\n\n/reset\nWhat is there?\n/video " + second + "\nWhat is there?\n/quit\nnever asked\n").ok();
        assertEquals(about + "\n" + about + "\n" + other + "\n", o.out());
        assertFalse((o.out() + o.err()).contains("\u001B"));
        assertEquals(2, o.err().lines().filter(l -> l.contains("3 frames in")).count(), "each clip is looked at once: " + o.err());
    }

    @Test void aSecondQuestionSeesTheFirstAnswer() {
        int[] one = expected(first, prompt("What is there?"));
        int[] end = {TOKENIZER.eosId()};
        assertFalse(Arrays.stream(one).anyMatch(id -> id == end[0]), "the toy's answer must run out of length for this test");
        int[] next = TOKENIZER.encode("USER: And then? ASSISTANT:");
        int[] both = Stream.of(prompt("What is there?"), one, end, next).flatMapToInt(IntStream::of).toArray();
        assertEquals(text(one) + "\n" + text(expected(first, both)) + "\n", chat("What is there?\nAnd then?\n").ok().out());
    }

    @Test void bytesThatAreNoTextAreNoQuestion() {
        Outcome o = chat("What is th\u00e9re?\r\nWhat is there?\n".getBytes(StandardCharsets.ISO_8859_1)).ok();
        assertEquals(text(expected(first, prompt("What is there?"))) + "\n", o.out());
        assertTrue(o.err().contains("chat: found a line with bytes that are not UTF-8; wanted a question in that\n"), o.err());
    }

    @Test void mistakesDoNotEndAConversation() {
        Outcome o = chat("/help\n/what\n/video\n/video " + temp.resolve("gone.mp4") + "\n" + "long ".repeat(600) + "\nWhat is there?").ok();
        assertTrue(o.out().contains("/reset       forget what was said"), o.out());
        assertTrue(o.out().endsWith(text(expected(first, prompt("What is there?"))) + "\n"),
                "the clip and an empty conversation are still there: " + o.out());
        for (String part : List.of("'/what' is no command", "/video: no file named", "gone.mp4", "positions are left"))
            assertTrue(o.err().contains(part), part + " in " + o.err());
        // The first question is where the clip's tag belongs, and it is put into its place there.
        o = chat("What <image>is there?\nAnd <image> then?\nAnd then?\n").ok();
        assertTrue(o.err().contains("chat: question: found <image>, the place of a clip, and the clip was shown before the first question; wanted a "
                + "question without it\n"), o.err());
        assertEquals(chat("What is there?\nAnd then?\n").ok().out(), o.out());
    }

    // Texts

    @Test void aPlainDecoderContinuesAText() throws IOException {
        Path folder = plain();
        int[] prompt = TOKENIZER.encode("The ring");
        int[] wanted;
        try (Device d = new SimdDevice(1); var files = lucid.nn.file.WeightFiles.open(folder)) {
            Qwen2 decoder = Qwen2.load(d, folder, files, lucid.nn.weights.WeightSource.Precision.F32);
            try (var _ = decoder.parameters()) {
                var batch = lucid.nn.batch.PackedBatch.builder(0).sequence(prompt, 0).build();
                wanted = new lucid.nn.generate.Generator(decoder).generate(batch, null, 1, GenerationSettings.greedy(TOKENS, -1), null)
                        .getFirst().ids();
            }
        }
        Object[] line = {"generate", "--model", folder, "--prompt", "The ring", "--max-tokens", TOKENS, "--threads", 1};
        assertEquals(text(wanted) + "\n", lucid(line).ok().out());
        // The chat models of Qwen2.5 name two end tokens there.
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [" + wanted[2] + ", 1]}");
        int stop = IntStream.range(0, TOKENS).filter(i -> wanted[i] == wanted[2] || wanted[i] == 1).findFirst().orElseThrow();
        JsonNode node = new ObjectMapper().readTree(lucid(Stream.concat(Arrays.stream(line), Stream.of("--json")).toArray()).ok().out());
        assertTrue(node.get("ended").asBoolean());
        assertEquals(stop + 1, node.get("new_tokens").asInt());
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": \"end\"}");
        lucid(line).failedWith("generation_config.json", "eos_token_id", "\"end\"");
    }

    /// A model may say anything; on a terminal it is seen and not obeyed, styled or not.
    @Test void controlCharactersAreSeenOnATerminal() throws IOException, InterruptedException {
        String line = " --max-tokens 100 --temperature 3 --seed 4 --threads 1";
        for (String command : List.of("generate --prompt The --model " + plain() + line, "generate --no-stream --question Which? --video " + first
                + " --model " + model + line)) {
            String piped = lucid((Object[]) command.split(" ")).ok().out();
            assertTrue(piped.chars().anyMatch(c -> c < ' ' && c != '\n' && c != '\t'), "the toy says none: " + piped);
            String shown = new PseudoTerminal(temp).java("LC_ALL=C.UTF-8 ", Lucid.class, command + " 2> err", "").replace("\r\n", "\n");
            assertTrue(shown.contains(Console.visible(piped)), () -> Console.visible(shown) + "\nwanted\n" + Console.visible(piped));
        }
    }

    private Path plain() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("plain"));
        Files.writeString(folder.resolve("config.json"), text().toJson().toString());
        try (Device d = new SimdDevice(1)) {
            Qwen2 decoder = Qwen2.random(d, text(), 7, Initialization.fanIn(2, 3));
            try (var p = decoder.parameters()) {
                p.save(folder.resolve("model.safetensors"), StoredType.BF16);
            }
        }
        TokenizerJson.write(TOKENIZER, folder.resolve("tokenizer.json"));
        return folder;
    }

    /// The plan knows a prompt's length once it is in tokens; before, it was that of the published questions.
    @Test void aLongTextIsPlannedAsLongAsItIs() throws IOException {
        Path folder = plain();
        MemoryPlans plans = new MemoryPlans(CheckpointInfo.read(folder).outline(), DeviceKind.CPU);
        long enough = plans.answering(new MemoryPlans.Answering(0, MemoryPlans.PROMPT_TOKENS, TOKENS, 2)).bytes();
        Object[] line = {"generate", "--model", folder, "--max-tokens", TOKENS, "--threads", 1, "--memory", enough, "--prompt"};
        lucid(Stream.concat(Arrays.stream(line), Stream.of("The ring")).toArray()).ok();
        String prompt = "The ring ".repeat(150);
        int tokens = TOKENIZER.encode(prompt).length;
        assertTrue(tokens > MemoryPlans.PROMPT_TOKENS && tokens + TOKENS < text().maxPositions(), tokens + " tokens");
        lucid(Stream.concat(Arrays.stream(line), Stream.of(prompt)).toArray()).failedWith(tokens + " tokens of question", "--prompt");
    }

    @Test void aTextModelSeesNoClips() throws IOException { asking(plain(), first).failedWith("is a text model", "--prompt"); }

    // Wrong input

    @ParameterizedTest @CsvSource({"'B=Bar', wanted A=Text", "'a=Bar', wanted A=TEXT", "'Bar', no '='", "'A=', empty"})
    void wrongOptions(String option, String part) {
        Outcome o = ask("--option", option);
        assertEquals(2, o.status());
        assertTrue(o.err().toLowerCase().contains(part.toLowerCase()), o.err());
    }

    @Test void whatDoesNotGoTogether() {
        assertEquals(2, ask("--prompt", "x").status());
        assertEquals(2, lucid("generate", "--model", model).status());
        ask("--direct", "--plain").misusedWith("--direct and --plain");
        ask("--top-k", 3).misusedWith("--top-k", "--temperature");
        ask("--temperature", -1).misusedWith("--temperature: found -1.0", "wanted");
        ask("--frames", -1).misusedWith("--frames: found -1", "wanted 1 or more, or 1fps");
        ask("--frames", "2fps").misusedWith("--frames: found 2fps", "or 1fps");
        ask("--frames", "1fps", "--max-frames", 0).misusedWith("--max-frames: found 0, wanted 1 or more");
        ask("--frames", 8, "--max-frames", 16).misusedWith("--max-frames: found 16 without --frames 1fps");
        lucid("generate", "--model", model, "--video", first, "--question", "Which?", "--max-tokens", 0)
                .misusedWith("--max-tokens: found 0", "wanted 1 or more");
        lucid("generate", "--model", model, "--video", first, "--question", " ").misusedWith("question", "empty");
    }

    @Test void aMissingVideo() {
        asking(model, temp.resolve("gone.mkv")).failedWith("gone.mkv", "no such file");
        chat("").ok();
    }

    @Test void aFolderWithoutWeights() throws IOException {
        asking(temp.resolve("gone"), first).failedWith("gone", "no such folder");
        asking(first, first).failedWith(first.toString(), "found a file", "wanted a model's folder");
        Files.copy(model.resolve("config.json"), temp.resolve("config.json"));
        asking(temp, first).failedWith("holds no weights", "model.safetensors", "language_model");
    }

    @Test void aFolderWithoutTokenizer() throws IOException {
        for (String f : List.of("config.json", "model.safetensors")) Files.copy(model.resolve(f), temp.resolve(f));
        asking(temp, first).failedWith("no tokenizer there", "merges.txt", "--tokenizer DIR");
        assertEquals(ask().ok().out(), asking(temp, first, "--tokenizer", model).ok().out());
        Path other = Files.createDirectories(temp.resolve("other"));
        TokenizerJson.write(new BpeTrainer(460, 2, List.of("<|endoftext|>")).train(DriftData.corpus(new DriftPlan(3, 64, 5), 60)).tokenizer(),
                other.resolve("tokenizer.json"));
        asking(temp, first, "--tokenizer", other).failedWith("460 tokens", "vocab_size is " + TOKENIZER.vocabSize());
    }

    @Test void aConfigThatDisagrees() throws IOException {
        for (String f : List.of("config.json", "model.safetensors", "tokenizer.json")) Files.copy(model.resolve(f), temp.resolve(f));
        String json = Files.readString(temp.resolve("config.json"));
        Files.writeString(temp.resolve("config.json"), json.replaceFirst("\"num_hidden_layers\" : 2", "\"num_hidden_layers\" : 3"));
        assertNotEquals(json, Files.readString(temp.resolve("config.json")));
        asking(temp, first).failedWith("language_model.model.layers.2", "missing");
        Files.writeString(temp.resolve("config.json"), json.replace("\"tinyllava\"", "\"llama\""));
        asking(temp, first).failedWith("config.json", "llama", "tinyllava");
    }

    @Test void mappedWeightsAreNotWrittenTo() throws IOException {
        byte[] before = Files.readAllBytes(model.resolve("model.safetensors"));
        ask().ok();
        assertArrayEquals(before, Files.readAllBytes(model.resolve("model.safetensors")));
    }

    private Path copied() throws IOException {
        Path copy = Files.createDirectories(temp.resolve("copy"));
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.toList()) Files.copy(file, copy.resolve(file.getFileName()));
        }
        return copy;
    }

    /// `model pack` changes no answer, and `convert` does not take what it wrote along.
    @Test void packedFile() throws IOException {
        Path copy = copied();
        String wanted = asking(copy, first).ok().out();
        Outcome packed = lucid("model", "pack", copy).ok();
        Path file = copy.resolve("lucid.packed");
        assertTrue(packed.out().startsWith(file + ": ") && packed.out().contains("read by generate, chat and eval from now on"), packed.out());
        for (String weights : List.of("ready", "packed", "mapped"))
            assertEquals(wanted, asking(copy, first, "--weights", weights).ok().out(), weights);
        assertEquals(wanted, asking(copy, first).ok().out());
        Outcome converted = lucid("convert", copy, temp.resolve("converted")).ok();
        assertFalse(Files.exists(temp.resolve("converted/lucid.packed")));
        assertEquals(-1, Files.mismatch(copy.resolve("model.safetensors"), temp.resolve("converted/model.safetensors")));
        Files.write(file, new byte[100]);
        asking(copy, first).failedWith(file.toString(), "header length");
        assertEquals(wanted, asking(copy, first, "--weights", "mapped").ok().out());
        lucid("model", "pack", copy).ok();
        assertEquals(wanted, asking(copy, first).ok().out(), "made anew");
    }

    @Test void packedFileOfOtherWeights() throws IOException {
        Path copy = copied();
        lucid("model", "pack", copy).ok();
        Files.setLastModifiedTime(copy.resolve("model.safetensors"), FileTime.fromMillis(1_000_000_000_000L));
        Outcome o = lucid(Map.of(), "generate", "--model", copy, "--video", first, "--question", "Which first?", "--max-tokens", 2).ok();
        assertTrue(o.err().contains("lucid.packed is left aside: the weights beside it have changed since it was made, or were copied without their "
                + "times; lucid model pack makes it again"), o.err());
    }

    @Test void whatCannotBePacked() throws IOException {
        lucid("model", "pack", temp).failedWith(temp.toString(), "holds no weights");
        lucid("model", "pack").misusedWith("DIR|ID");
        Path folder = Files.createDirectories(copied().resolve("lucid.packed"));
        Files.createFile(folder.resolve("in-the-way"));
        lucid("model", "pack", folder.getParent()).failedWith(folder.toString(), "cannot be written");
    }
}
