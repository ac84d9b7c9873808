package lucid.grpo.cli.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import lucid.grpo.console.UsageException;
import lucid.grpo.run.Disk;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;
import lucid.nn.file.WeightFiles;
import lucid.nn.lora.LoraFile;
import lucid.tokenizer.AddedToken;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.TokenizerJson;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lucid tokenizer`.
@Command(name = "tokenizer", mixinStandardHelpOptions = true, description = "Byte-level BPE: learns a vocabulary, turns text into ids and back.",
        subcommands = {TokenizerCommand.Train.class, TokenizerCommand.Encode.class, TokenizerCommand.Decode.class, TokenizerCommand.Info.class,
                TokenizerCommand.Convert.class, TokenizerCommand.Speed.class},
        footer = {"", "Examples:", "  lucid tokenizer train book.txt --vocab 2000 --out my-tokenizer",
                "  lucid tokenizer encode --tokenizer my-tokenizer \"Which comes first?\"",
                "  lucid tokenizer decode --tokenizer my-tokenizer 300 41 2", "  lucid tokenizer info --tokenizer qwen.tiktoken",
                "  lucid tokenizer convert --tokenizer qwen.tiktoken --out qwen", "  lucid tokenizer speed --tokenizer qwen book.txt"})
public final class TokenizerCommand {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String SOURCE = "Hugging Face folder, tokenizer.json, qwen.tiktoken or a run folder.";

    private static String text(String name, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(name + ": found bytes that are not UTF-8; wanted a text in UTF-8");
        }
    }

    private static List<String> texts(List<Path> files) throws IOException {
        List<String> texts = new ArrayList<>();
        for (Path f : files) {
            // A pipe is read as well, as a shell's <(...) is one.
            if (Files.isDirectory(f) || !Files.exists(f))
                throw new IllegalArgumentException(f + (Files.isDirectory(f) ? ": found a folder" : ": no such file") + "; wanted a text in UTF-8");
            texts.add(text(f.toString(), Files.readAllBytes(f)));
        }
        if (texts.stream().allMatch(String::isEmpty))
            throw new IllegalArgumentException(files.stream().map(Path::toString).collect(Collectors.joining(", "))
                    + ": found nothing in it; wanted a text in UTF-8");
        return texts;
    }

    // What a model was trained with is replaced by nothing, and not by a slip of the hand.
    private static void refuseModel(Path folder) {
        List<String> beside = Stream.concat(Stream.of("config.json", LoraFile.CONFIG), WeightFiles.NAMES.stream())
                .filter(name -> Files.exists(folder.resolve(name))).toList();
        for (String written : List.of(TOKENIZER, CONFIG)) {
            if (Files.exists(folder.resolve(written)) && !beside.isEmpty()) {
                throw new IllegalArgumentException("--out " + folder + ": found the " + written + " of a run or a model there, beside its "
                        + beside.getFirst() + "; wanted another --out");
            }
        }
    }

    /// `tokenizer.json` and `tokenizer_config.json`, as Hugging Face reads them.
    private static void write(Tokenizer tokenizer, Path folder) throws IOException {
        byte[] json = TokenizerJson.toBytes(tokenizer);
        ObjectNode config = new ObjectMapper().createObjectNode();
        if (tokenizer.eos() != null) config.put("eos_token", tokenizer.eos());
        try {
            Files.createDirectories(folder);
            Disk.text(folder.resolve(CONFIG), JsonText.pretty(config));
            Disk.text(folder.resolve(TOKENIZER), new String(json, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("--out " + folder + ": " + IoReason.named(e) + "; wanted a folder that can be written", e);
        }
    }

    @Command(name = "train", mixinStandardHelpOptions = true, description = "Learns a vocabulary from text files and writes tokenizer.json. The "
            + "same texts always give the same file.",
            footer = {"", "Example:", "  lucid tokenizer train book.txt --vocab 2000 --out my-tokenizer"})
    static final class Train implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Parameters(arity = "1..*", paramLabel = "FILE", description = "Texts in UTF-8; no token crosses from one to the next.")
        private List<Path> files;

        @Option(names = "--vocab", required = true, paramLabel = "N", description = "Most tokens wanted, the 256 bytes and special tokens included.")
        private int vocab;

        @Option(names = "--min-frequency", paramLabel = "N", defaultValue = "2",
                description = "A pair rarer than this is not merged (default: ${DEFAULT-VALUE}).")
        private int minFrequency;

        @Option(names = "--special", paramLabel = "TOKEN", defaultValue = "<|endoftext|>",
                description = "Special tokens; the first ends a text (default: ${DEFAULT-VALUE}).")
        private List<String> special;

        @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder for tokenizer.json and tokenizer_config.json.")
        private Path out;

        @Override public Integer call() throws IOException {
            UsageException.atLeast("--vocab", vocab, 256 + special.size());
            UsageException.atLeast("--min-frequency", minFrequency, 1);
            BpeTrainer trainer = UsageException.checked(() -> new BpeTrainer(vocab, minFrequency, special));
            refuseModel(out);
            Tokenizer trained = trainer.train(texts(files)).tokenizer();
            write(trained, out);
            PrintWriter o = spec.commandLine().getOut();
            o.println(out.resolve(TOKENIZER) + ": " + trained.vocabSize() + " tokens, " + trained.model().merges().size() + " merges"
                    + (trained.vocabSize() < vocab ? "; the texts hold no more pairs that occur " + minFrequency + " times" : ""));
            o.flush();
            return 0;
        }
    }

    @Command(name = "encode", mixinStandardHelpOptions = true, description = "Text to ids.",
            footer = {"", "Example:", "  lucid tokenizer encode --tokenizer my-tokenizer \"Which comes first?\""})
    static final class Encode implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = SOURCE)
        private Path source;

        @Parameters(arity = "0..1", paramLabel = "TEXT", description = "The text; standard input if left out.")
        private String given;

        @Option(names = "--json", description = "Prints ids and tokens as JSON.")
        private boolean json;

        @Override public Integer call() throws IOException {
            Tokenizer tokenizer = TokenizerFiles.load(source);
            int[] ids = tokenizer.encode(given != null ? given : text("standard input", System.in.readAllBytes()));
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                ObjectNode o = new ObjectMapper().createObjectNode();
                ArrayNode list = o.putArray("ids");
                ArrayNode tokens = o.putArray("tokens");
                for (int id : ids) {
                    list.add(id);
                    tokens.add(tokenizer.token(id));
                }
                out.println(o);
            } else {
                out.println(Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
            }
            out.flush();
            return 0;
        }
    }

    @Command(name = "decode", mixinStandardHelpOptions = true, description = "Ids to text.",
            footer = {"", "Example:", "  lucid tokenizer decode --tokenizer my-tokenizer 300 41 2"})
    static final class Decode implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = SOURCE)
        private Path source;

        @Parameters(arity = "0..*", paramLabel = "ID", description = "The ids; standard input if left out.")
        private List<String> given;

        @Option(names = "--skip-special", description = "Leaves special tokens out.")
        private boolean skipSpecial;

        @Override public Integer call() throws IOException {
            Tokenizer tokenizer = TokenizerFiles.load(source);
            List<String> words = given != null ? given : Arrays.asList(text("standard input", System.in.readAllBytes()).strip().split("[\\s,]+"));
            int[] ids = new int[words.size()];
            for (int i = 0; i < ids.length; i++) {
                try {
                    ids[i] = Integer.parseInt(words.get(i));
                } catch (NumberFormatException e) {
                    throw new UsageException("id " + (i + 1) + ": found '" + words.get(i) + "', wanted a whole number");
                }
            }
            PrintWriter out = spec.commandLine().getOut();
            out.println(tokenizer.decode(ids, skipSpecial));
            out.flush();
            return 0;
        }
    }

    @Command(name = "info", mixinStandardHelpOptions = true, description = "What a tokenizer holds.",
            footer = {"", "Example:", "  lucid tokenizer info --tokenizer qwen.tiktoken"})
    static final class Info implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = SOURCE)
        private Path source;

        @Override public Integer call() throws IOException {
            Tokenizer t = TokenizerFiles.load(source);
            PrintWriter out = spec.commandLine().getOut();
            out.println("ids 0.." + (t.vocabSize() - 1) + ", " + t.model().merges().size() + " merges, " + (t.nfc() ? "NFC" : "no normalisation")
                    + ", end token " + (t.eos() == null ? "none" : t.eos() + " (id " + t.eosId() + ")"));
            for (AddedToken a : t.added()) out.println("  " + a.id() + "  " + a.content() + (a.special() ? "  special" : ""));
            out.flush();
            return 0;
        }
    }

    @Command(name = "convert", mixinStandardHelpOptions = true, description = "Writes any tokenizer that Lucid reads as a Hugging Face folder.",
            footer = {"", "Example:", "  lucid tokenizer convert --tokenizer qwen.tiktoken --out qwen"})
    static final class Convert implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = SOURCE)
        private Path source;

        @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder for tokenizer.json and tokenizer_config.json.")
        private Path out;

        @Override public Integer call() throws IOException {
            refuseModel(out);
            Tokenizer tokenizer = TokenizerFiles.load(source);
            write(tokenizer, out);
            PrintWriter o = spec.commandLine().getOut();
            o.println(out.resolve(TOKENIZER) + ": " + tokenizer.vocabSize() + " tokens, " + tokenizer.model().merges().size() + " merges");
            o.flush();
            return 0;
        }
    }

    @Command(name = "speed", mixinStandardHelpOptions = true, description = "Measures encoding and decoding of texts on one thread, in its CPU time.",
            footer = {"", "Example:", "  lucid tokenizer speed --tokenizer qwen book.txt"})
    static final class Speed implements Callable<Integer> {
        private static final int MOST = 1 << 20;

        @Spec private CommandSpec spec;

        @Option(names = "--tokenizer", required = true, paramLabel = "PATH", description = SOURCE)
        private Path source;

        @Parameters(arity = "1..*", paramLabel = "FILE", description = "Texts in UTF-8.")
        private List<Path> files;

        @Option(names = "--rounds", paramLabel = "N", defaultValue = "7", description = "The best of so many counts (default: ${DEFAULT-VALUE}).")
        private int rounds;

        @Override public Integer call() throws IOException {
            UsageException.atLeast("--rounds", rounds, 1);
            Tokenizer tokenizer = TokenizerFiles.load(source);
            PrintWriter out = spec.commandLine().getOut();
            for (Path file : files) {
                String text = texts(List.of(file)).getFirst();
                long bytes = text.getBytes(StandardCharsets.UTF_8).length;
                double encode = Double.MAX_VALUE;
                double decode = Double.MAX_VALUE;
                int[] ids = tokenizer.encode(text);
                if (tokenizer.decode(ids, false).isEmpty() && !text.isEmpty()) throw new IllegalStateException(file + ": decoded to nothing");
                for (int i = 0; i < rounds; i++) {
                    encode = Math.min(encode, seconds(() -> tokenizer.encode(text)));
                    decode = Math.min(decode, seconds(() -> tokenizer.decode(ids, false)));
                }
                CRC32 crc = new CRC32();
                for (int id : ids) crc.update(new byte[] {(byte) id, (byte) (id >> 8), (byte) (id >> 16), (byte) (id >> 24)});
                out.printf(Locale.ROOT, "{\"file\": %s, \"bytes\": %d, \"ids\": %d, \"crc32\": %d, \"encode_mb_s\": %.2f, \"decode_mb_s\": %.2f}%n",
                        TextNode.valueOf(file.getFileName().toString()), bytes, ids.length,
                        crc.getValue(), bytes / encode / 1e6, bytes / decode / 1e6);
                out.flush();
            }
            return 0;
        }

        /// Of one call: as many are timed together as take longer than a clock's step, which on Windows is 16 ms.
        private static double seconds(Runnable call) {
            for (int times = 1; ; times *= 2) {
                double start = cpuSeconds();
                for (int i = 0; i < times; i++) call.run();
                double seconds = cpuSeconds() - start;
                if (seconds > 0.1 || times >= MOST) return seconds / times;
            }
        }

        private static double cpuSeconds() { return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9; }
    }
}
