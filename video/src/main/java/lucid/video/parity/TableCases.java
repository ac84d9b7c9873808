package lucid.video.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.Sha256;
import lucid.video.VideoException;
import lucid.video.file.VideoReader;
import lucid.video.parity.VideoParity.Row;
import lucid.video.pixels.PillowResize;
import lucid.video.pixels.SmartResize;

/// The tables: decoded frames of real clips, and frame choices.
final class TableCases {
    private TableCases() {}

    /// @param file where the clip of a name is
    static List<Row> decode(JsonNode table, Function<String, Path> file) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.required("cases")) {
            String clip = c.required("clip").asText();
            String name = clip + " x" + c.required("wanted").asInt();
            try (VideoReader reader = new VideoReader(file.apply(clip))) {
                clip(name, c, reader, rows);
            } catch (VideoException e) {
                rows.add(new Row(name, false, e.getMessage()));
            }
        }
        return rows;
    }

    private static void clip(String name, JsonNode c, VideoReader reader, List<Row> rows) {
        int[] indices = FrameSampling.uniform(reader.frames(), c.required("wanted").asInt());
        rows.add(equal(name + " frames", c.required("frames_total").asText(), Integer.toString(reader.frames())));
        rows.add(equal(name + " fps", Double.toString(c.required("avg_fps").asDouble()), Double.toString(reader.averageFps())));
        rows.add(equal(name + " indices", Arrays.toString(ints(c.required("indices"))), Arrays.toString(indices)));
        Frames frames = reader.read(indices);
        rows.add(equal(name + " size", c.required("height").asInt() + "x" + c.required("width").asInt(), frames.height() + "x" + frames.width()));
        for (int i = 0; i < c.required("frames").size(); i++) {
            JsonNode f = c.required("frames").required(i);
            byte[] rgb = frames.frame(i);
            String frame = name + " frame " + f.required("index").asInt();
            rows.add(equal(frame + " rgb", f.required("rgb_sha256").asText(), Sha256.of(rgb)));
            byte[] small = PillowResize.resize(rgb, frames.height(), frames.width(), 384, 384, PillowResize.Filter.BICUBIC);
            rows.add(equal(frame + " 384x384", f.required("bicubic384_sha256").asText(), Sha256.of(small)));
        }
    }

    static List<Row> frames(JsonNode t) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode r : t.required("uniform").required("rows")) {
            rows.add(choice("uniform " + r.required(0) + " " + r.required(1), r.required(2), () -> new FrameSampling.Uniform(r.required(1).asInt())
                    .indices(r.required(0).asInt(), 0)));
        }
        for (JsonNode r : t.required("one_per_second").required("rows")) {
            OptionalInt cap = r.required(2).isNull() ? OptionalInt.empty() : OptionalInt.of(r.required(2).asInt());
            String name = "one_per_second " + r.required(0) + " " + r.required(1) + " " + r.required(2);
            rows.add(choice(name, r.required(4), () -> new FrameSampling.OnePerSecond(cap).indices(r.required(0).asInt(), r.required(1).asDouble())));
        }
        for (JsonNode r : t.path("mvbench_segments"))
            rows.add(choice("mvbench_segments " + r.required("bound") + " " + r.required("fps") + " " + r.required("max_frame"),
                    r.required("indices"), segments(r)));
        for (JsonNode r : t.path("video_r1").path("rows")) {
            rows.add(choice("video_r1 " + r.required(0) + " " + r.required(1), r.required(3), () -> new FrameSampling.VideoR1()
                    .indices(r.required(0).asInt(), r.required(1).asDouble())));
        }
        for (JsonNode r : t.path("video_r1_resize").path("rows")) rows.add(size(r));
        for (JsonNode r : t.path("r1_omni").path("rows"))
            rows.add(choice("r1_omni " + r.required(0) + " " + r.required(1) + " " + r.required(2), r.required(3), () -> omni(r)));
        return rows;
    }

    // Fields are read before the rule runs: what the rule refuses is a result, what the table lacks is not.
    private static Supplier<int[]> segments(JsonNode r) {
        boolean whole = r.required("bound").isNull();
        double from = whole ? -100_000 : r.required("bound").required(0).asDouble();
        double to = whole ? 100_000 : r.required("bound").required(1).asDouble();
        int frames = r.required("frames").asInt();
        int first = r.required("first").asInt();
        int last = r.required("max_frame").asInt();
        double fps = r.required("fps").asDouble();
        return () -> new FrameSampling.Segments(frames, from, to, first).upTo(last, fps);
    }

    private static int[] omni(JsonNode r) {
        FrameSampling rule = r.required(0).asText().equals("fps") ? new FrameSampling.OmniFps()
                : new FrameSampling.OmniUniform(r.required(2).asInt());
        return rule.indices(r.required(1).asInt(), r.required(2).asDouble());
    }

    private static Row size(JsonNode r) {
        String wanted = r.required(4).isNull() ? "refused" : r.required(4) + "x" + r.required(5);
        return equal("video_r1_resize " + r.required(0) + "x" + r.required(1) + " " + r.required(2) + ".." + r.required(3), wanted, orRefused(() -> {
            SmartResize.Size s = new SmartResize(28, r.required(2).asInt(), r.required(3).asInt()).of(r.required(0).asInt(), r.required(1).asInt());
            return s.height() + "x" + s.width();
        }));
    }

    private static Row choice(String name, JsonNode wanted, Supplier<int[]> rule) {
        return equal(name, wanted.isNull() ? "refused" : Arrays.toString(ints(wanted)), orRefused(() -> Arrays.toString(rule.get())));
    }

    private static String orRefused(Supplier<String> s) {
        try {
            return s.get();
        } catch (IllegalArgumentException _) {
            return "refused";
        }
    }

    private static int[] ints(JsonNode list) {
        int[] out = new int[list.size()];
        for (int i = 0; i < out.length; i++) out[i] = list.get(i).asInt();
        return out;
    }

    private static Row equal(String name, String wanted, String found) {
        return new Row(name, wanted.equals(found), wanted.equals(found) ? "equal" : "found " + found + ", wanted " + wanted);
    }
}
