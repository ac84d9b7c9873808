package lucid.nn.model;

/// The connector's fixed positional encoding: channel 2i is sin(p·f_i), channel 2i+1 cos(p·f_i), f_i = exp(-2i·ln(10000)/width).
/// The published code stores the table in float16, so every run sees sines rounded to float16; parity needs the same.
final class SinePositions {
    private SinePositions() {}

    /// [tokens, width], row-major.
    static float[] table(int tokens, int width) {
        if (width % 2 != 0) throw new IllegalArgumentException("positional encoding of width " + width + ", wanted an even number");
        float[] out = new float[Math.multiplyExact(tokens, width)];
        float rate = (float) (-(StrictMath.log(10_000.0) / width));
        for (int i = 0; i < width / 2; i++) {
            // The angle is an f32 product of an f32 frequency, as in the original.
            float frequency = (float) StrictMath.exp(2 * i * rate);
            for (int p = 0; p < tokens; p++) {
                float angle = p * frequency;
                out[p * width + 2 * i] = half(StrictMath.sin(angle));
                out[p * width + 2 * i + 1] = half(StrictMath.cos(angle));
            }
        }
        return out;
    }

    private static float half(double v) { return Float.float16ToFloat(Float.floatToFloat16((float) v)); }
}
