package lucid.grpo.run;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;
import lucid.video.Sha256;

/// A chain of SHA-256 hashes, one link per optimiser step: each covers the link before, the stage's name and step, every weight and the optimiser's
/// moments. Two runs that end on the same link went the same way, bit for bit.
///
/// Tensors enter by their fingerprints ([lucid.kernels.contract.Reduce#addFingerprint]), which their device makes where they lie: SHA-256 over all
/// numbers took 13 ms of a demo's step (of 80 to 350; fingerprints take 1.4), and would take minutes for a large model on a GPU. So the chain shows
/// that runs differ; it does not protect against a forger.
public final class HashChain {
    /// Collects what a link covers.
    public final class Link {
        private final String name;
        private final long step;
        private final Map<String, Tensor> tensors = new LinkedHashMap<>();

        private Link(String name, long step) {
            this.name = name;
            this.step = step;
        }

        /// Adds a tensor; its values must not change before [#close].
        public Link tensor(String tensor, Tensor values) {
            if (tensors.putIfAbsent(tensor, values) != null) throw new IllegalArgumentException("hash chain: " + tensor + " was added twice");
            return this;
        }

        /// Closes the link; it becomes the chain's head.
        public String close() {
            MessageDigest digest = Sha256.digest();
            digest.update(head.getBytes(StandardCharsets.US_ASCII));
            text(digest, name);
            number(digest, step);
            // Once more as the position in the data, which is a function of the step: known hashes have both.
            number(digest, step);
            int[] prints = fingerprints(List.copyOf(tensors.values()));
            int i = 0;
            for (var tensor : tensors.entrySet()) {
                text(digest, tensor.getKey());
                number(digest, tensor.getValue().shape().size());
                number(digest, prints[i++]);
                number(digest, prints[i++]);
            }
            head = HexFormat.of().formatHex(digest.digest());
            return head;
        }
    }

    // All are begun before the one wait at the end.
    private static int[] fingerprints(List<Tensor> tensors) {
        if (tensors.isEmpty()) return new int[0];
        try (Scope step = Scope.open(tensors.getFirst().device())) {
            Tensor prints = Tensor.ints(step, new int[2 * tensors.size()], tensors.size(), 2);
            for (int i = 0; i < tensors.size(); i++) {
                // A copy that is needed for one fingerprint goes with it: a large model's would not fit side by side.
                try (Scope one = Scope.open(step.device())) {
                    step.device().reduce().addFingerprint(floats(one, tensors.get(i)), prints.matrix().rows(i, i + 1));
                }
            }
            return prints.toInts();
        }
    }

    // Weights that are not trained may be stored in 16 bits.
    private static Matrix floats(Scope step, Tensor t) {
        if (t.dtype() == DType.F32) return t.matrix();
        Tensor wide = Tensor.undefined(step, DType.F32, t.shape().dims());
        step.device().conversion().convert(t.matrix(), wide.matrix());
        return wide.matrix();
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

    /// The last link: 64 hexadecimal digits.
    public String head() { return head; }

    /// Begins the next link.
    ///
    /// @param step number of updates or rollouts of the stage that are done
    public Link link(String stage, long step) { return new Link(stage, step); }

    /// SHA-256 of a text, in hexadecimal.
    public static String of(String text) { return Sha256.of(text.getBytes(StandardCharsets.UTF_8)); }
}
