package lucid.video.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.PillowResize;
import lucid.video.Sha256;
import lucid.video.SmartResize;
import lucid.video.VideoException;
import lucid.video.VideoReader;
import lucid.video.parity.VideoParity.Row;

/// The tables: decoded frames of real clips, and frame choices.
final class TableCases {
    private TableCases() {}

    static List<Row> decode(JsonNode table, Path media) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            String name = c.get("clip").asText() + " x" + c.get("wanted").asInt();
            try (VideoReader reader = new VideoReader(media.resolve(c.get("clip").asText()))) {
                clip(name, c, reader, rows);
            } catch (VideoException e) {
                rows.add(new Row(name, false, e.getMessage()));
            }
        }
        return rows;
    }

    private static void clip(String name, JsonNode c, VideoReader reader, List<Row> rows) {
        int[] indices = FrameSampling.uniform(reader.frames(), c.get("wanted").asInt());
        rows.add(equal(name + " frames", c.get("frames_total").asText(), Integer.toString(reader.frames())));
        rows.add(equal(name + " fps", Double.toString(c.get("avg_fps").asDouble()), Double.toString(reader.averageFps())));
        rows.add(equal(name + " indices", Arrays.toString(ints(c.get("indices"))), Arrays.toString(indices)));
        Frames frames = reader.read(indices);
        rows.add(equal(name + " size", c.get("height").asInt() + "x" + c.get("width").asInt(), frames.height() + "x" + frames.width()));
        for (int i = 0; i < c.get("frames").size(); i++) {
            JsonNode f = c.get("frames").get(i);
            byte[] rgb = frames.frame(i);
            String frame = name + " frame " + f.get("index").asInt();
            rows.add(equal(frame + " rgb", f.get("rgb_sha256").asText(), Sha256.of(rgb)));
            byte[] small = PillowResize.resize(rgb, frames.height(), frames.width(), 384, 384, PillowResize.Filter.BICUBIC);
            rows.add(equal(frame + " 384x384", f.get("bicubic384_sha256").asText(), Sha256.of(small)));
        }
    }

    static List<Row> frames(JsonNode t) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode r : t.get("uniform").get("rows")) {
            rows.add(choice("uniform " + r.get(0) + " " + r.get(1), r.get(2), () -> new FrameSampling.Uniform(r.get(1).asInt()).indices(r.get(0).asInt(), 0)));
        }
        for (JsonNode r : t.get("one_per_second").get("rows")) {
            OptionalInt cap = r.get(2).isNull() ? OptionalInt.empty() : OptionalInt.of(r.get(2).asInt());
            String name = "one_per_second " + r.get(0) + " " + r.get(1) + " " + r.get(2);
            rows.add(choice(name, r.get(4), () -> new FrameSampling.OnePerSecond(cap).indices(r.get(0).asInt(), r.get(1).asDouble())));
        }
        for (JsonNode r : t.path("mvbench_segments")) rows.add(choice("mvbench_segments " + r.get("bound") + " " + r.get("fps") + " " + r.get("max_frame"), r.get("indices"), () -> segments(r)));
        for (JsonNode r : t.path("video_r1").path("rows")) {
            rows.add(choice("video_r1 " + r.get(0) + " " + r.get(1), r.get(3), () -> new FrameSampling.VideoR1().indices(r.get(0).asInt(), r.get(1).asDouble())));
        }
        for (JsonNode r : t.path("video_r1_resize").path("rows")) rows.add(size(r));
        for (JsonNode r : t.path("r1_omni").path("rows")) rows.add(choice("r1_omni " + r.get(0) + " " + r.get(1) + " " + r.get(2), r.get(3), () -> omni(r)));
        return rows;
    }

    private static int[] segments(JsonNode r) {
        boolean whole = r.get("bound").isNull();
        double from = whole ? -100_000 : r.get("bound").get(0).asDouble();
        double to = whole ? 100_000 : r.get("bound").get(1).asDouble();
        return new FrameSampling.Segments(r.get("frames").asInt(), from, to, r.get("first").asInt()).upTo(r.get("max_frame").asInt(), r.get("fps").asDouble());
    }

    private static int[] omni(JsonNode r) {
        FrameSampling rule = r.get(0).asText().equals("fps") ? new FrameSampling.OmniFps() : new FrameSampling.OmniUniform(r.get(2).asInt());
        return rule.indices(r.get(1).asInt(), r.get(2).asDouble());
    }

    private static Row size(JsonNode r) {
        String wanted = r.get(4).isNull() ? "refused" : r.get(4) + "x" + r.get(5);
        return equal("video_r1_resize " + r.get(0) + "x" + r.get(1) + " " + r.get(2) + ".." + r.get(3), wanted, orRefused(() -> {
            SmartResize.Size s = new SmartResize(28, r.get(2).asInt(), r.get(3).asInt()).of(r.get(0).asInt(), r.get(1).asInt());
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
