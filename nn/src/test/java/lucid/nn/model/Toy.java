package lucid.nn.model;

import lucid.kernels.Device;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.weights.Initialization;

/// A model of the published architecture with odd little sizes, for tests.
public final class Toy {
    public static final TinyLlavaConfig CONFIG = TinyLlavaConfig.of(new Qwen2Config(61, 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1),
            new SiglipVisionConfig(20, 27, 3, 2, 16, 5, 1e-6f), new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 200, 1);

    private Toy() {}

    public static TinyLlavaVideo model(Device device, long seed) { return TinyLlavaVideo.random(device, CONFIG, seed, Initialization.fanIn(2, 3)); }

    /// u8 frames from a seed.
    public static byte[] frames(int n, int seed) {
        byte[] out = new byte[n * 16 * 16 * 3];
        new java.util.Random(seed).nextBytes(out);
        return out;
    }
}
