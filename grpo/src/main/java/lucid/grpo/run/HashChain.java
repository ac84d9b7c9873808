package lucid.grpo.run;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// A chain of SHA-256 hashes, one link per optimiser step: each covers the link before, the step, the data position, every weight and the optimiser's
/// moments. Two runs that end on the same link went the same way, bit for bit.
public final class HashChain {
    /// Collects what a link covers. Each tensor is hashed by itself, all of them in parallel, and the link covers the hashes: at every step of a small model that is
    /// the difference between one and ten per cent of the time.
    public final class Link {
        private record Named(String name, float[] values) {}

        private final String name;
        private final long step;
        private final long position;
        private final List<Named> tensors = new ArrayList<>();

        private Link(String name, long step, long position) {
            this.name = name;
            this.step = step;
            this.position = position;
        }

        /// Adds a tensor; its values must not change before [#close].
        public Link tensor(String tensor, float[] values) {
            tensors.add(new Named(tensor, values));
            return this;
        }

        /// Closes the link; it becomes the chain's head.
        public String close() {
            List<byte[]> hashes = tensors.parallelStream().map(t -> hash(t.values)).toList();
            MessageDigest digest = sha256();
            digest.update(head.getBytes(StandardCharsets.US_ASCII));
            text(digest, name);
            number(digest, step);
            number(digest, position);
            for (int i = 0; i < hashes.size(); i++) {
                text(digest, tensors.get(i).name);
                digest.update(hashes.get(i));
            }
            head = HexFormat.of().formatHex(digest.digest());
            return head;
        }
    }

    // Length, then little-endian floats.
    private static byte[] hash(float[] values) {
        MessageDigest digest = sha256();
        number(digest, values.length);
        ByteBuffer part = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < values.length; from += part.capacity() / 4) {
            int n = Math.min(part.capacity() / 4, values.length - from);
            part.clear();
            part.asFloatBuffer().put(values, from, n);
            part.limit(4 * n);
            digest.update(part);
        }
        return digest.digest();
    }

    private static void text(MessageDigest digest, String s) {
        byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
        number(digest, bytes.length);
        digest.update(bytes);
    }

    private static void number(MessageDigest digest, long n) { digest.update(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, n)); }

    private String head;

    /// @param head where the chain starts: the hash of the run's configuration, or the last link of a checkpoint
    public HashChain(String head) { this.head = head; }

    public String head() { return head; }

    /// Begins the next link.
    public Link link(String stage, long step, long position) { return new Link(stage, step, position); }

    /// SHA-256 of a text, in hexadecimal.
    public static String of(String text) { return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8))); }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
