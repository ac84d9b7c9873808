package lucid.grpo.session;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import lucid.grpo.run.HashChain;
import lucid.nn.disk.IoReason;
import lucid.nn.lora.LoraFile;
import lucid.tokenizer.Tokenizer;
import lucid.video.Sha256;

/// Tells models apart without reading all of them: SHA-256 over every weight and configuration file's name, length, first megabyte and then a page (4
/// KB) of every megabyte. Training changes weights everywhere, so two different models differ there; a single altered byte may not be seen.
public final class ModelFingerprint {
    private static final List<String> ENDINGS = List.of(".safetensors", ".bin", "config.json", "tokenizer.json", "vocab.json", "merges.txt");
    private static final int STRIDE = 1 << 20;
    private static final int PAGE = 4096;

    private ModelFingerprint() {}

    /// The fingerprint of a folder; of an adapter's folder and of its model's together.
    public static String of(Path folder) {
        return LoraFile.isAdapter(folder) ? HashChain.of(files(folder) + files(ModelFolder.base(folder))) : files(folder);
    }

    /// The hash of a tokenizer, wherever it lies and in whatever files.
    public static String of(Tokenizer tokenizer) { return ofTokenizer(ModelFolder.toJson(tokenizer)); }

    /// The hash of a tokenizer that was written by [ModelFolder#toJson].
    static String ofTokenizer(String json) { return HashChain.of(json); }

    private static String files(Path folder) {
        try (Stream<Path> all = Files.walk(folder, 3)) {
            MessageDigest digest = Sha256.digest();
            for (Path f : all.filter(Files::isRegularFile).filter(f -> ENDINGS.stream().anyMatch(f.toString()::endsWith))
                    .filter(f -> !f.endsWith("optimizer.safetensors") && !inRun(folder, f)).sorted().toList()) {
                digest.update(folder.relativize(f).toString().replace('\\', '/').getBytes(StandardCharsets.UTF_8));
                add(digest, f);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException("model " + folder + " cannot be read: " + IoReason.named(e), e);
        }
    }

    // A run whose folder lies inside the model's grows, and the model stays the same.
    private static boolean inRun(Path model, Path file) {
        for (Path p = file.getParent(); p != null && !p.equals(model); p = p.getParent()) if (Files.exists(p.resolve("metrics.jsonl"))) return true;
        return false;
    }

    private static void add(MessageDigest digest, Path file) throws IOException {
        try (FileChannel in = FileChannel.open(file)) {
            long size = in.size();
            digest.update(ByteBuffer.allocate(8).putLong(size).flip());
            ByteBuffer part = ByteBuffer.allocate(STRIDE);
            for (long at = 0; at < size; at += STRIDE) {
                part.clear().limit((int) Math.min(at == 0 ? STRIDE : PAGE, size - at));
                while (part.hasRemaining())
                    if (in.read(part, at + part.position()) < 0) throw new IOException(file + " became shorter while it was read");
                digest.update(part.flip());
            }
        }
    }
}
