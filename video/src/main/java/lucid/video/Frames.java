package lucid.video;

import java.util.Arrays;

/// Decoded pictures of one clip: bytes `rgb[((frame * height + y) * width + x) * 3 + channel]`, red, green, blue, 0..255.
///
/// @param n       number of frames
/// @param height  rows, after rotation
/// @param width   columns, after rotation
/// @param rgb     n * height * width * 3 bytes, interleaved; not copied
/// @param fps     average frames per second of the clip that they come from; 0 for a picture
/// @param indices which frame of the clip each one is, counted from 0 in order of presentation
public record Frames(int n, int height, int width, byte[] rgb, double fps, int[] indices) {
    public Frames {
        if (n < 1 || height < 1 || width < 1)
            throw new IllegalArgumentException("frames: " + n + " of " + height + "x" + width + ", wanted at least one of 1x1");
        long bytes = 3L * n * height * width;
        if (rgb.length != bytes)
            throw new IllegalArgumentException("frames: " + rgb.length + " bytes, wanted " + n + "*" + height + "*" + width + "*3 = " + bytes);
        if (indices.length != n) throw new IllegalArgumentException("frames: " + indices.length + " indices, wanted " + n);
        if (!(fps >= 0) || Double.isInfinite(fps)) throw new IllegalArgumentException("frames: fps " + fps + ", wanted a number of at least 0");
    }

    /// Frames numbered 0 .. n-1.
    public static Frames of(int n, int height, int width, byte[] rgb, double fps) {
        int[] indices = new int[n];
        Arrays.setAll(indices, i -> i);
        return new Frames(n, height, width, rgb, fps, indices);
    }

    /// Bytes of one frame.
    public int frameBytes() { return 3 * height * width; }

    /// A copy of one frame's bytes [height, width, 3].
    public byte[] frame(int i) {
        if (i < 0 || i >= n) throw new IndexOutOfBoundsException("frame " + i + " of " + n);
        return Arrays.copyOfRange(rgb, i * frameBytes(), (i + 1) * frameBytes());
    }

    /// The frames at the given places, in that order; places may repeat.
    public Frames select(int... places) {
        byte[] out = new byte[Math.multiplyExact(places.length, frameBytes())];
        int[] from = new int[places.length];
        for (int i = 0; i < places.length; i++) {
            if (places[i] < 0 || places[i] >= n) throw new IndexOutOfBoundsException("frame " + places[i] + " of " + n);
            System.arraycopy(rgb, places[i] * frameBytes(), out, i * frameBytes(), frameBytes());
            from[i] = indices[places[i]];
        }
        return new Frames(places.length, height, width, out, fps, from);
    }

    /// Same sizes, bytes, rate and indices.
    @Override public boolean equals(Object other) {
        return other instanceof Frames f && n == f.n && height == f.height && width == f.width && fps == f.fps && Arrays.equals(rgb, f.rgb)
                && Arrays.equals(indices, f.indices);
    }

    @Override public int hashCode() { return 31 * Arrays.hashCode(rgb) + Arrays.hashCode(indices); }

    @Override public String toString() { return n + " frames of " + height + "x" + width + " at " + fps + " fps"; }
}
