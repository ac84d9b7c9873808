package lucid.video.drift;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What happens in one clip: one shape over the whole clip, or two, one after the other, different in colour, shape and direction.
///
/// @param things in order of appearance
/// @param red    ground colour, likewise green and blue
public record Scene(List<Thing> things, double red, double green, double blue) {
    /// Frames of a clip, side of a frame in pixels, frames per second.
    public static final int FRAMES = 16;
    public static final int SIZE = 64;
    public static final int FPS = 8;
    private static final double TWO_THINGS = 0.65;

    /// Colours that a description can name, with their mean red, green and blue.
    public enum Colour {
        RED(220, 40, 40), GREEN(40, 190, 60), BLUE(50, 80, 230), YELLOW(230, 220, 50);

        final int r;
        final int g;
        final int b;

        Colour(int r, int g, int b) {
            this.r = r;
            this.g = g;
            this.b = b;
        }

        public String word() { return name().toLowerCase(Locale.ROOT); }
    }

    /// A filled square, a ring, and a bar that lies or stands (a pole).
    public enum Shape {
        SQUARE, RING, BAR, POLE;

        public String word() { return name().toLowerCase(Locale.ROOT); }

        /// Whether a point at distance (dx, dy) of the centre belongs to the shape of radius r.
        boolean covers(double dx, double dy, double r) {
            return switch (this) {
                case SQUARE -> Math.abs(dx) <= 0.88 * r && Math.abs(dy) <= 0.88 * r;
                case RING -> dx * dx + dy * dy <= r * r && dx * dx + dy * dy >= 0.3025 * r * r;
                case BAR -> Math.abs(dx) <= 1.15 * r && Math.abs(dy) <= 0.4 * r;
                case POLE -> Math.abs(dx) <= 0.4 * r && Math.abs(dy) <= 1.15 * r;
            };
        }
    }

    /// Where a thing moves; up is towards the frame's first row.
    public enum Direction {
        LEFT, RIGHT, UP, DOWN;

        public String word() { return name().toLowerCase(Locale.ROOT); }

        /// The way it goes when the clip is played backwards.
        public Direction reversed() {
            return switch (this) {
                case LEFT -> RIGHT;
                case RIGHT -> LEFT;
                case UP -> DOWN;
                case DOWN -> UP;
            };
        }

        boolean horizontal() { return this == LEFT || this == RIGHT; }
    }

    /// A shape that moves evenly along a line.
    ///
    /// @param radius  pixels
    /// @param from    first centre coordinate along the direction's axis, `to` the last
    /// @param across  the other coordinate, constant
    /// @param start   first frame it is seen in
    /// @param frames  how many frames it is seen in
    /// @param tint    added to its colour's red, green and blue
    public record Thing(Colour colour, Shape shape, Direction direction, double radius, double from, double to, double across, int start, int frames,
            List<Double> tint) {
        /// Centre in pixels from the left edge. Frames count from the clip's first; one in which the thing is not seen continues its line.
        public double x(int frame) { return direction.horizontal() ? along(frame) : across; }

        /// Centre in pixels from the upper edge, as [#x].
        public double y(int frame) { return direction.horizontal() ? across : along(frame); }

        private double along(int frame) { return from + (to - from) * (frame - start) / Math.max(1, frames - 1); }

        /// Whether the thing is drawn in that frame of the clip.
        public boolean seenIn(int frame) { return frame >= start && frame < start + frames; }

        /// `red bar`.
        public String name() { return colour.word() + " " + shape.word(); }

        /// `red bar up`.
        public String clause() { return name() + " " + direction.word(); }
    }

    /// Whether two things follow each other; else there is one.
    public boolean twoThings() { return things.size() == 2; }

    /// Scene number `index` of a data set.
    public static Scene of(long seed, long index) { return draw(Draw.of(seed, "scene", index)); }

    static Scene draw(Draw d) {
        int n = d.chance(TWO_THINGS) ? 2 : 1;
        int[] colours = d.permutation(4);
        int[] shapes = d.permutation(4);
        int[] directions = d.permutation(4);
        double ground = d.between(0, 70);
        double red = ground + d.between(-8, 8);
        double green = ground + d.between(-8, 8);
        double blue = ground + d.between(-8, 8);
        List<Thing> things = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            things.add(thing(d, Colour.values()[colours[i]], Shape.values()[shapes[i]], Direction.values()[directions[i]], i * (FRAMES / n),
                    FRAMES / n));
        }
        return new Scene(List.copyOf(things), red, green, blue);
    }

    private static Thing thing(Draw d, Colour colour, Shape shape, Direction direction, int start, int frames) {
        double radius = d.between(10, 12);
        double low = 1.15 * radius + 1;
        double high = SIZE - 2 - 1.15 * radius;
        double travel = d.between(0.62, 1) * (high - low);
        double a = d.between(low, high - travel);
        boolean ascending = direction == Direction.RIGHT || direction == Direction.DOWN;
        double across = d.between(low, high);
        List<Double> tint = List.of(d.between(-15, 15), d.between(-15, 15), d.between(-15, 15));
        return new Thing(colour, shape, direction, radius, ascending ? a : a + travel, ascending ? a + travel : a, across, start, frames, tint);
    }

    /// What is true of the clip played backwards: order and directions turn round. (The pictures of the forward clip do not change, only their
    /// order.)
    public Scene reversed() {
        List<Thing> back = new ArrayList<>();
        for (Thing t : things.reversed()) {
            back.add(new Thing(t.colour, t.shape, t.direction.reversed(), t.radius, t.to, t.from, t.across, FRAMES - t.start - t.frames,
                    t.frames, t.tint));
        }
        return new Scene(List.copyOf(back), red, green, blue);
    }

    /// What is true of the mirrored clip.
    public Scene mirrored(boolean leftRight, boolean upDown) {
        List<Thing> all = new ArrayList<>();
        for (Thing t : things) {
            boolean alongFlips = t.direction.horizontal() ? leftRight : upDown;
            boolean acrossFlips = t.direction.horizontal() ? upDown : leftRight;
            all.add(new Thing(t.colour, t.shape, alongFlips ? t.direction.reversed() : t.direction, t.radius, alongFlips ? SIZE - 1 - t.from : t.from,
                    alongFlips ? SIZE - 1 - t.to : t.to, acrossFlips ? SIZE - 1 - t.across : t.across, t.start, t.frames, t.tint));
        }
        return new Scene(List.copyOf(all), red, green, blue);
    }

    /// The clip's pictures: interleaved RGB bytes [16, 64, 64, 3], with noise of standard deviation 5 (clipped to 0..255).
    ///
    /// @param noise name of the noise, usually the clip's index
    public byte[] paint(long seed, long noise) {
        byte[] out = new byte[FRAMES * SIZE * SIZE * 3];
        Draw d = Draw.of(seed, "noise", noise);
        double[] pixel = new double[3];
        int at = 0;
        for (int f = 0; f < FRAMES; f++) {
            for (int y = 0; y < SIZE; y++) {
                for (int x = 0; x < SIZE; x++) {
                    colour(f, x, y, pixel);
                    at = put(out, at, pixel, d);
                }
            }
        }
        return out;
    }

    private void colour(int frame, int x, int y, double[] pixel) {
        pixel[0] = red;
        pixel[1] = green;
        pixel[2] = blue;
        for (int i = 0; i < things.size(); i++) {
            Thing t = things.get(i);
            if (t.seenIn(frame) && t.shape.covers(x - t.x(frame), y - t.y(frame), t.radius)) {
                pixel[0] = t.colour.r + t.tint.get(0);
                pixel[1] = t.colour.g + t.tint.get(1);
                pixel[2] = t.colour.b + t.tint.get(2);
            }
        }
    }

    // The sum of four uniform 16-bit numbers is close enough to normal for a noisy ground, and needs one draw a channel.
    private static int put(byte[] out, int at, double[] pixel, Draw d) {
        for (int c = 0; c < 3; c++) {
            long b = d.bits();
            double sum = (b & 0xFFFF) + (b >>> 16 & 0xFFFF) + (b >>> 32 & 0xFFFF) + (b >>> 48);
            double noise = (sum / 65536 - 2) * 8.66;
            out[at++] = (byte) Math.clamp(Math.round(pixel[c] + noise), 0, 255);
        }
        return at;
    }
}
