package lucid.nn.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/// Damages the bytes of a file, the same way for the same seed.
final class Mutator {
    private static final long[] NUMBERS = {0, 1, -1, 7, 8, 9, 0x7F, 0xFF, 0x7FFF, 0xFFFF, Integer.MAX_VALUE, 0xFFFFFFFFL, 1L << 31, 1L << 32,
            99_999_999, 100_000_001, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 62};
    private static final String[] TEXTS = {"[", "{\"a\":", "]", "}", "\"", ",", "-1", "9223372036854775807", "9223372036854775808", "1e999", "null",
            "0.5", "\\u0000", "../x", "[[[[[[[[", "\"x\":1,", "\u00e9"};

    private final Random random;

    Mutator(long seed) { random = new Random(seed * 0x9E3779B97F4A7C15L); }

    byte[] mutate(byte[] original) {
        byte[] out = original.clone();
        int rounds = 1 + random.nextInt(3);
        for (int i = 0; i < rounds && out.length > 0; i++) out = once(out);
        return out;
    }

    // Structure lies at the two ends of these files more often than in the middle.
    private int place(int length) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(Math.min(length, 64));
            case 1 -> length - 1 - random.nextInt(Math.min(length, 128));
            default -> random.nextInt(length);
        };
    }

    private byte[] once(byte[] b) {
        int at = place(b.length);
        int count = 1 + random.nextInt(Math.min(64, b.length - at));
        switch (random.nextInt(10)) {
            case 0, 1 -> b[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> b[at] = (byte) random.nextInt(256);
            case 3 -> {
                return Arrays.copyOf(b, at);
            }
            case 4 -> {
                return splice(b, at, 0, Arrays.copyOfRange(b, at, at + count));
            }
            case 5 -> {
                return splice(b, at, count, new byte[0]);
            }
            case 6 -> System.arraycopy(b, place(b.length - count + 1), b, at, count);
            case 7 -> {
                byte[] number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(NUMBERS[random.nextInt(NUMBERS.length)]).array();
                int width = Math.min(b.length - at, 1 << random.nextInt(4));
                System.arraycopy(number, 0, b, at, width);
            }
            case 8 -> {
                byte[] text = TEXTS[random.nextInt(TEXTS.length)].repeat(random.nextInt(20) == 0 ? 20_000 : 1).getBytes(StandardCharsets.UTF_8);
                return splice(b, at, 0, text);
            }
            default -> {
                for (int i = at; i < at + count; i++) if (b[i] >= '0' && b[i] <= '9') b[i] = (byte) ('0' + random.nextInt(10));
            }
        }
        return b;
    }

    private static byte[] splice(byte[] b, int at, int removed, byte[] put) {
        return ByteBuffer.allocate(b.length - removed + put.length).put(b, 0, at).put(put).put(b, at + removed, b.length - at - removed).array();
    }
}
