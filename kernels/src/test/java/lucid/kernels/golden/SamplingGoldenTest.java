package lucid.kernels.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.IntStream;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Filters against transformers' processors: which tokens survive is exact, probabilities within the table's 1e-6.
class SamplingGoldenTest {
    private static Rule rule(JsonNode config) {
        return new Rule(false, (float) config.path("temperature").asDouble(1), config.path("top_k").asInt(0),
                (float) config.path("top_p").asDouble(1),
                (float) config.path("min_p").asDouble(0));
    }

    private static float[] probabilities(Device device, JsonNode config, JsonNode row) {
        Matrix logits = Golden.row(device, Golden.numbers(row));
        device.sampling().probabilities(rule(config), logits, logits);
        return Golden.read(device, logits);
    }

    @ParameterizedTest @MethodSource("lucid.kernels.golden.Golden#devices")
    void eachSettingOnEachRow(Device device) {
        JsonNode table = Golden.read("sampling/processors.json");
        assertEquals(108, table.get("cases").size());
        for (JsonNode c : table.get("cases")) {
            float[] got = probabilities(device, c.get("config"), table.get("rows").get(c.get("row").asText()));
            double[] want = Golden.numbers(c.get("probs"));
            for (int id = 0; id < want.length; id++) {
                String what = device.name() + " " + c.get("config") + " on " + c.get("row") + ", token " + id;
                // A survivor may be too improbable for f32.
                if (want[id] == 0 || want[id] > Float.MIN_NORMAL) assertEquals(want[id] == 0, got[id] == 0, what + ": " + got[id]);
                assertEquals(want[id], got[id], 1e-6, what);
            }
        }
    }

    @ParameterizedTest @MethodSource("lucid.kernels.golden.Golden#devices")
    void twoThousandTokens(Device device) {
        JsonNode wide = Golden.read("sampling/processors.json").get("wide");
        assertEquals(4, wide.get("cases").size());
        for (JsonNode c : wide.get("cases")) {
            float[] got = probabilities(device, c.get("config"), wide.get("row"));
            int[] kept = IntStream.range(0, got.length).filter(id -> got[id] > 0).toArray();
            int[] want = Golden.each(c.get("kept")).mapToInt(JsonNode::asInt).toArray();
            assertArrayEquals(want, kept, device.name() + " " + c.get("config"));
            double[] p = Golden.numbers(c.get("probs"));
            for (int i = 0; i < kept.length; i++) assertEquals(p[i], got[kept[i]], 1e-6, "token " + kept[i]);
        }
    }
}
