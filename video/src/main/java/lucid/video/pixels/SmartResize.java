package lucid.video.pixels;

/// The size that Qwen2-VL's processor (and Video-R1) gives a picture: multiples of `factor` near the true aspect ratio, with an area between two
/// limits.
///
/// @param factor    28: two patches of 14
/// @param minPixels smallest area
/// @param maxPixels largest area
public record SmartResize(int factor, int minPixels, int maxPixels) {
    /// Rows and columns.
    public record Size(int height, int width) {}

    public SmartResize {
        if (factor < 1 || minPixels < 1 || maxPixels < minPixels)
            throw new IllegalArgumentException("smart resize: factor " + factor + ", area " + minPixels + ".." + maxPixels
                    + ", wanted factor >= 1 and 1 <= min <= max");
    }

    /// @throws IllegalArgumentException one side more than 200 times the other
    public Size of(int height, int width) {
        if (height < 1 || width < 1) throw new IllegalArgumentException("smart resize of " + height + "x" + width + ", wanted at least 1x1");
        double aspect = (double) Math.max(height, width) / Math.min(height, width);
        if (aspect > 200)
            throw new IllegalArgumentException("smart resize of " + height + "x" + width + ": one side is " + aspect
                    + " times the other, wanted at most 200");
        int h = Math.max(factor, (int) Math.rint((double) height / factor) * factor);
        int w = Math.max(factor, (int) Math.rint((double) width / factor) * factor);
        if ((long) h * w > maxPixels) {
            double shrink = Math.sqrt((double) height * width / maxPixels);
            return new Size(Math.max(factor, (int) Math.floor(height / shrink / factor) * factor),
                    Math.max(factor, (int) Math.floor(width / shrink / factor) * factor));
        }
        if ((long) h * w < minPixels) {
            double grow = Math.sqrt((double) minPixels / ((double) height * width));
            return new Size((int) Math.ceil(height * grow / factor) * factor, (int) Math.ceil(width * grow / factor) * factor);
        }
        return new Size(h, w);
    }
}
