package lucid.kernels.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// Reads the golden tables.
final class Golden {
    private Golden() {}

    static JsonNode read(String name) {
        try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<JsonNode> each(JsonNode array) { return StreamSupport.stream(array.spliterator(), false); }

    /// All numbers of a nested array in order; "-inf" is -infinity.
    static double[] numbers(JsonNode node) { return flatten(node).toArray(); }

    private static DoubleStream flatten(JsonNode node) {
        if (node.isArray()) return each(node).flatMapToDouble(Golden::flatten);
        if (node.isTextual()) return DoubleStream.of("-inf".equals(node.asText()) ? Double.NEGATIVE_INFINITY : Double.parseDouble(node.asText()));
        return DoubleStream.of(node.asDouble());
    }

    static float[] floats(double[] x) {
        float[] f = new float[x.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) x[i];
        return f;
    }

    /// One row on the device.
    static Matrix row(Device device, double... x) {
        Matrix m = Matrix.row(device.allocate(DType.F32, x.length));
        device.write(m.buffer(), 0, floats(x));
        return m;
    }

    static float[] read(Device device, Matrix m) {
        float[] x = new float[Math.toIntExact(m.size())];
        device.read(m.buffer(), m.offset(), x);
        return x;
    }

    static Stream<Device> devices() { return Stream.of(new ReferenceDevice(), new SimdDevice(2)); }

    static double largest(double[] x) { return Arrays.stream(x).map(Math::abs).max().orElse(0); }
}
