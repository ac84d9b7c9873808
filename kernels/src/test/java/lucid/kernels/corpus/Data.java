package lucid.kernels.corpus;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import lucid.kernels.corpus.CorpusCase.Format;

/// Seeded inputs, and numbers to bytes and back.
final class Data {
    private Data() {
    }

    /// Unit rounding error of f32.
    static final double U = 0x1p-24;

    static float[] normal(long seed, int n) {
        Random random = new Random(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = (float) random.nextGaussian();
        return x;
    }

    /// Normal numbers that bf16 holds exactly.
    static float[] normalBf16(long seed, int n) {
        float[] x = normal(seed, n);
        for (int i = 0; i < n; i++) x[i] = Float.intBitsToFloat(Float.floatToRawIntBits(x[i]) & 0xffff0000);
        return x;
    }

    static byte[] f32(float[] x) {
        ByteBuffer b = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : x) b.putFloat(v);
        return b.array();
    }

    static byte[] s32(int[] x) {
        ByteBuffer b = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int v : x) b.putInt(v);
        return b.array();
    }

    /// Rounds to bf16, to nearest even.
    static float toBf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
    }

    static byte[] bf16(float[] x) {
        ByteBuffer b = ByteBuffer.allocate(2 * x.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : x) b.putShort((short) (Float.floatToRawIntBits(v) >>> 16));
        return b.array();
    }

    static double number(byte[] bytes, Format format, int i) {
        ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return switch (format) {
            case F32 -> b.getFloat(4 * i);
            case BF16 -> Float.intBitsToFloat(b.getShort(2 * i) << 16);
            case S32 -> b.getInt(4 * i);
            case U32 -> Integer.toUnsignedLong(b.getInt(4 * i));
        };
    }

    static int ceilDiv(int a, int b) {
        return (a + b - 1) / b;
    }
}
