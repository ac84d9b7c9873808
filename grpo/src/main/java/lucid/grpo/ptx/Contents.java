package lucid.grpo.ptx;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import lucid.grpo.console.UsageException;
import lucid.kernels.math.Philox;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.StoredTensor;

/// What a buffer holds before a run: `zero`, `iota`, `normal(SEED)`, `uniform(SEED,LOW,HIGH)`, `FILE.safetensors#TENSOR`, or `unset` (reading it is a
/// finding).
sealed interface Contents {
    record Unset() implements Contents {}

    record Zero() implements Contents {}

    /// 0, 1, 2, ...
    record Iota() implements Contents {}

    /// Standard normal numbers (Box-Muller over Philox).
    record Normal(long seed) implements Contents {}

    /// Uniform in [low, high); for integer types rounded down.
    record Uniform(long seed, double low, double high) implements Contents {}

    record Stored(Path file, String tensor) implements Contents {}

    Pattern CALL = Pattern.compile("(normal|uniform)\\(([^)]*)\\)");
    /// Keeps these numbers apart from all others of Lucid.
    int PURPOSE = 0x50545821;

    static Contents parse(String text, String argument) {
        Matcher call = CALL.matcher(text);
        int hash = text.indexOf('#');
        return switch (text) {
            case "unset" -> new Unset();
            case "zero" -> new Zero();
            case "iota" -> new Iota();
            case String s when call.matches() -> random(call.group(1), call.group(2).split(",", -1), argument);
            case String s when hash > 0 && hash < text.length() - 1 -> new Stored(Path.of(text.substring(0, hash)), text.substring(hash + 1));
            default -> throw new UsageException("--arg " + argument + ": found contents '" + text
                    + "', wanted zero, iota, unset, normal(SEED), uniform(SEED,LOW,HIGH) or FILE.safetensors#TENSOR");
        };
    }

    private static Contents random(String what, String[] parts, String argument) {
        int wanted = what.equals("normal") ? 1 : 3;
        if (parts.length != wanted)
            throw new UsageException("--arg " + argument + ": " + what + " has " + parts.length + " numbers, wanted "
                    + (wanted == 1 ? "normal(SEED)" : "uniform(SEED,LOW,HIGH)"));
        try {
            long seed = Long.parseLong(parts[0].strip());
            if (wanted == 1) return new Normal(seed);
            double low = Double.parseDouble(parts[1]);
            double high = Double.parseDouble(parts[2]);
            if (!(low < high)) throw new UsageException("--arg " + argument + ": low " + low + " is not below high " + high);
            return new Uniform(seed, low, high);
        } catch (NumberFormatException e) {
            throw new UsageException("--arg " + argument + ": " + what + " wants numbers, found (" + String.join(",", parts) + ")");
        }
    }

    /// Raw little-endian bytes of a buffer; null when it is left unset or all zero, which needs none however large it is.
    ///
    /// @throws IllegalArgumentException the tensor has another type or count
    static byte[] bytes(KernelArgument.Buffer buffer) {
        long size = Math.multiplyExact(buffer.elements(), buffer.type().bytes());
        if (buffer.contents() instanceof Unset || buffer.contents() instanceof Zero) return null;
        if (size > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("--arg " + buffer.name() + ": " + size
                    + " bytes with contents, at most 2 GiB can be filled; larger buffers must be zero or unset");
        }
        byte[] out = new byte[(int) size];
        if (buffer.contents() instanceof Stored(Path file, String tensor)) {
            stored(buffer, file, tensor, out);
            return out;
        }
        for (long i = 0; i < buffer.elements(); i++) put(out, i, buffer.type(), bits(buffer.contents(), i, buffer.type()));
        return out;
    }

    private static long bits(Contents contents, long i, ElementType type) {
        return switch (contents) {
            case Iota() -> type.floating() ? type.bits((double) i) : type.bits((double) (i & 0xFFFFFFFFFFFFFL));
            case Normal(long seed) -> type.bits(normal(seed, i));
            case Uniform(long seed, double low, double high) ->
                    type.bits(type.floating() ? low + (high - low) * unit(seed, i, 0) : Math.floor(low + (high - low) * unit(seed, i, 0)));
            case Unset(), Zero(), Stored(_, _) -> throw new IllegalStateException("no numbers of " + contents);
        };
    }

    private static double unit(long seed, long i, int which) {
        return Philox.uniform(Philox.word(Philox.key(seed, PURPOSE), (int) i, (int) (i >>> 32), which, 0));
    }

    private static double normal(long seed, long i) {
        return Math.sqrt(-2 * StrictMath.log(1 - unit(seed, i, 0))) * StrictMath.cos(2 * Math.PI * unit(seed, i, 1));
    }

    private static void put(byte[] out, long i, ElementType type, long bits) {
        int at = (int) (i * type.bytes());
        for (int b = 0; b < type.bytes(); b++) out[at + b] = (byte) (bits >>> 8 * b);
    }

    private static void stored(KernelArgument.Buffer buffer, Path file, String name, byte[] out) {
        try (SafetensorsFile weights = SafetensorsFile.open(file)) {
            StoredTensor tensor = weights.tensor(name);
            if (tensor.type() != buffer.type().stored() || tensor.elements() != buffer.elements()) {
                throw new IllegalArgumentException("--arg " + buffer.name() + ": " + file + " holds " + tensor + " (" + tensor.elements()
                        + " elements), wanted " + buffer.elements() + " of type " + buffer.type().stored());
            }
            java.lang.foreign.MemorySegment.copy(tensor.data(), java.lang.foreign.ValueLayout.JAVA_BYTE, 0, out, 0, out.length);
        }
    }
}
