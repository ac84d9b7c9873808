package lucid.video.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import lucid.video.FrameSampling;
import lucid.video.Frames;
import lucid.video.Sha256;
import lucid.video.parity.VideoParity.Row;
import lucid.video.parity.VideoParity.TensorData;
import lucid.video.pixels.PillowResize;
import lucid.video.pixels.SiglipPixels;

/// Cases of the family `preprocess`. A result is computed from its name, for example `c.bicubic.50x20` or `padded_pixels.a`; a name that says nothing
/// known is a failed row.
final class PreprocessCase {
    private final JsonNode description;
    private final Map<String, TensorData> inputs;

    private PreprocessCase(JsonNode description, Map<String, TensorData> inputs) {
        this.description = description;
        this.inputs = inputs;
    }

    static List<Row> run(Path folder, JsonNode description, VideoParity.TensorReader tensors) throws IOException {
        Map<String, TensorData> expected = tensors.read(folder.resolve("expected.safetensors"));
        PreprocessCase c = new PreprocessCase(description, tensors.read(folder.resolve("inputs.safetensors")));
        List<Row> rows = new ArrayList<>();
        for (Iterator<String> names = description.required("expect").fieldNames(); names.hasNext();) {
            String name = names.next();
            TensorData wanted = expected.get(name);
            rows.add(wanted == null ? new Row(name, false, "not in expected.safetensors") : c.row(name, wanted.bytes()));
        }
        for (Iterator<String> names = description.path("sha256").fieldNames(); names.hasNext();) {
            String name = names.next();
            String wanted = description.required("sha256").required(name).asText();
            rows.add(c.hashRow("sha256 " + name, name, wanted));
        }
        for (Iterator<String> names = description.path("generated").fieldNames(); names.hasNext();) {
            String name = names.next();
            String found = Sha256.of(c.picture(name).rgb());
            String wanted = description.required("generated").required(name).required("sha256").asText();
            rows.add(new Row("picture " + name, found.equals(wanted), "sha256 " + found + ", wanted " + wanted));
        }
        return rows;
    }

    private Row row(String name, byte[] wanted) {
        byte[] found;
        try {
            found = compute(name);
        } catch (IllegalArgumentException e) {
            return new Row(name, false, e.getMessage());
        }
        if (found.length != wanted.length) return new Row(name, false, found.length + " bytes, wanted " + wanted.length);
        for (int i = 0; i < found.length; i++) {
            if (found[i] != wanted[i])
                return new Row(name, false, "first difference at byte " + i + ": " + (found[i] & 255) + ", wanted " + (wanted[i] & 255));
        }
        return new Row(name, true, "equal, " + found.length + " bytes");
    }

    private Row hashRow(String row, String name, String wanted) {
        String found = Sha256.of(compute(name));
        return new Row(row, found.equals(wanted), found.equals(wanted) ? "equal" : "found " + found + ", wanted " + wanted);
    }

    private byte[] compute(String name) {
        String[] p = name.split("\\.");
        String kind = description.required("kind").asText();
        return switch (kind) {
            case "preprocess.resize" -> switch (p[0]) {
                case "crop" -> crop(resized(p[1], p[2], p[3]), 384, 48, 200, 16);
                case "checksum" -> checksum(resized(p[1], p[2], p[3]));
                default -> resized(p[0], p[1], p[2]);
            };
            case "preprocess.siglip" -> switch (p[0]) {
                case "pixel_table" -> bytes(SiglipPixels.table());
                case "pixels" -> bytes(new SiglipPixels(p.length > 2 ? 384 : 28).pixels(picture(p[1])));
                case "padded_pixels" -> bytes(new SiglipPixels(28).pixels(SiglipPixels.padded(picture(p[1]))));
                case "crop" -> bytes(cropPlanes(new SiglipPixels(384).pixels(picture(p[1])), 384, 100, 8));
                default -> throw new IllegalArgumentException("unknown result " + name);
            };
            case "preprocess.video" -> switch (p[0]) {
                case "frame_indices" -> bytes(new FrameSampling.Uniform(Integer.parseInt(p[2])).indices(Integer.parseInt(p[1]), 0));
                case "pixels" -> videoPixels(p[1]);
                default -> throw new IllegalArgumentException("unknown result " + name);
            };
            default -> throw new IllegalArgumentException("unknown kind " + kind);
        };
    }

    private byte[] resized(String picture, String filter, String size) {
        Frames f = picture(picture);
        int by = size.indexOf('x');
        return PillowResize.resize(f.rgb(), f.height(), f.width(), Integer.parseInt(size.substring(0, by)), Integer.parseInt(size.substring(by + 1)),
                PillowResize.Filter.valueOf(filter.toUpperCase(Locale.ROOT)));
    }

    private byte[] videoPixels(String name) {
        TensorData t = inputs.get("frame." + name);
        if (t == null) throw new IllegalArgumentException("frame." + name + " is not in inputs.safetensors");
        float[] frame = new float[t.data().limit() / 4];
        t.data().duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(frame);
        return bytes(new SiglipPixels(28).videoPixels(frame, (int) t.shape()[1], (int) t.shape()[2]));
    }

    private Frames picture(String name) {
        TensorData stored = inputs.get("image." + name);
        if (stored != null) return Frames.of(1, (int) stored.shape()[0], (int) stored.shape()[1], stored.bytes(), 0);
        JsonNode g = description.path("generated").path(name);
        if (g.isMissingNode()) throw new IllegalArgumentException("picture " + name + " is neither stored nor described");
        return generated(g.required("height").asInt(), g.required("width").asInt(), g.required("seed").asInt());
    }

    /// The hash pattern that the family's README defines.
    private static Frames generated(int height, int width, int seed) {
        byte[] rgb = new byte[3 * height * width];
        for (int y = 0, at = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int gx = 255 * x / Math.max(width - 1, 1);
                int gy = 255 * y / Math.max(height - 1, 1);
                for (int c = 0; c < 3; c++) {
                    int h = 374761393 * x + 668265263 * y + (int) 2246822519L * c + (int) 3266489917L * seed;
                    h = (h ^ h >>> 13) * 1274126177;
                    h ^= h >>> 16;
                    int base = c == 0 ? gx : c == 1 ? gy : (gx + gy) / 2;
                    int v = Math.clamp(base + (h & 63) - 32, 0, 255);
                    if ((x / 5 + y / 7) % 2 == 1) v = 255 - v;
                    if (x % 11 == 3) v = 255;
                    if (y % 13 == 5) v = 0;
                    rgb[at++] = (byte) v;
                }
            }
        }
        return Frames.of(1, height, width, rgb, 0);
    }

    private static byte[] crop(byte[] rgb, int width, int top, int left, int side) {
        byte[] out = new byte[3 * side * side];
        for (int y = 0; y < side; y++) System.arraycopy(rgb, 3 * ((top + y) * width + left), out, 3 * y * side, 3 * side);
        return out;
    }

    private static float[] cropPlanes(float[] chw, int width, int from, int side) {
        float[] out = new float[3 * side * side];
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < side; y++) System.arraycopy(chw, (c * width + from + y) * width + from, out, (c * side + y) * side, side);
        return out;
    }

    private static byte[] checksum(byte[] bytes) {
        long sum = 0;
        long squares = 0;
        long weighted = 0;
        for (int i = 0; i < bytes.length; i++) {
            int v = bytes[i] & 255;
            sum += v;
            squares += (long) v * v;
            weighted += (long) v * (i % 251);
        }
        return ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(sum).putLong(squares).putLong(weighted).array();
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        b.asFloatBuffer().put(values);
        return b.array();
    }

    private static byte[] bytes(int[] values) {
        ByteBuffer b = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int v : values) b.putLong(v);
        return b.array();
    }
}
