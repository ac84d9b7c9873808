package lucid.grpo.run;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A chain of SHA-256 hashes, one link per optimiser step: each covers the link before, the step, the data position, every weight and the optimiser's
/// moments. Two runs that end on the same link went the same way, bit for bit.
public final class HashChain {
    /// Collects what a link covers.
    public final class Link {
        private final MessageDigest digest = sha256();
        private final ByteBuffer scratch = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

        private Link(String name, long step, long position) {
            digest.update(head.getBytes(StandardCharsets.US_ASCII));
            text(name);
            number(step);
            number(position);
        }

        /// Adds a tensor: its name, its length, then its little-endian floats.
        public Link tensor(String name, float[] values) {
            text(name);
            number(values.length);
            for (int from = 0; from < values.length; from += scratch.capacity() / 4) {
                scratch.clear();
                scratch.asFloatBuffer().put(values, from, Math.min(scratch.capacity() / 4, values.length - from));
                scratch.limit(4 * Math.min(scratch.capacity() / 4, values.length - from));
                digest.update(scratch);
            }
            return this;
        }

        private void text(String s) {
            byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
            number(bytes.length);
            digest.update(bytes);
        }

        private void number(long n) { digest.update(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, n)); }

        /// Closes the link; it becomes the chain's head.
        public String close() {
            head = HexFormat.of().formatHex(digest.digest());
            return head;
        }
    }

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
