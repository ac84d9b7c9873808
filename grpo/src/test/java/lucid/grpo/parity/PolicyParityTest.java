package lucid.grpo.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.zip.GZIPInputStream;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every row of the golden tables that Lucid has a formula for is met; the others are counted, so that a formula that disappears is noticed.
class PolicyParityTest {
    @ParameterizedTest
    @CsvSource({"rewards/tinyllava_video_r1.json, 510", "grpo/kl_estimators.json, 6", "grpo/tlv_small.json, 48", "grpo/trl_advantages.json, 27",
            "grpo/trl_losses.json.gz, 456", "grpo/verl_advantages.json.gz, 8"})
    void table(String resource, int compared) throws IOException {
        List<Row> rows;
        try (Device device = new SimdDevice(1)) {
            rows = PolicyParity.run(read(resource), device);
        }
        List<Row> failed = rows.stream().filter(r -> r.status() == Row.Status.FAILED).toList();
        assertEquals(List.of(), failed);
        assertEquals(compared, rows.stream().filter(r -> r.status() == Row.Status.OK).count(), "rows that were compared");
    }

    static JsonNode read(String resource) throws IOException {
        try (InputStream raw = PolicyParityTest.class.getResourceAsStream("/golden/" + resource);
                InputStream in = resource.endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            JsonNode table = new ObjectMapper().readTree(in);
            assertTrue(PolicyParity.recognises(table), resource);
            return table;
        }
    }
}
