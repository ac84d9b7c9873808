package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.kernels.math.Philox;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Tables of sampling: the filters of the device's kernel, Philox, stop strings.
final class SamplingParity {
    private static final Set<String> FILTERS = Set.of("temperature", "top_k", "top_p", "min_p");
    // Of the README: which tokens survive must be exact, the rest within 1e-6. A survivor below the smallest normal f32 may round to 0.
    private static final double TOLERANCE = 1e-6;
    private static final int ROUNDS = 10;

    private SamplingParity() {}

    static boolean recognises(JsonNode table) {
        JsonNode first = table.path("cases").path(0);
        return table.has("known_answers") || first.has("stop_strings") && first.has("done_after") || first.has("probs") && table.has("rows");
    }

    static List<Row> run(JsonNode table, Device device) {
        List<Row> rows = new ArrayList<>();
        if (table.has("known_answers")) {
            philox("known answer", table.get("known_answers"), rows);
            philox("counter", table.path("more"), rows);
        } else if (table.path("cases").path(0).has("stop_strings")) {
            for (JsonNode c : table.get("cases")) rows.add(Row.unsupported("stop strings " + c.get("stop_strings"), "generation in Lucid stops at end tokens and at its length, not at strings"));
            for (JsonNode c : table.path("other")) rows.add(Row.unsupported(c.get("criterion").asText() + " " + c.get("ids"), "part of the generation loop in Lucid, not a rule of its own"));
        } else {
            processors(table, device, rows);
        }
        return rows;
    }

    private static void philox(String what, JsonNode list, List<Row> rows) {
        int i = 0;
        for (JsonNode c : list) {
            String name = what + " " + i++;
            if (c.get("rounds").asInt() != ROUNDS) {
                rows.add(Row.unsupported(name, c.get("rounds") + " rounds; Lucid draws with " + ROUNDS));
                continue;
            }
            int[] counter = words(c.get("counter"));
            int[] key = words(c.get("key"));
            int[] out = new int[4];
            Philox.words((key[0] & 0xFFFFFFFFL) | (long) key[1] << 32, counter[0], counter[1], counter[2], counter[3], out);
            int[] wanted = words(c.get("result"));
            rows.add(Row.exact(name, java.util.Arrays.equals(out, wanted), "found " + hex(out) + ", wanted " + hex(wanted)));
        }
    }

    private static int[] words(JsonNode hex) {
        int[] w = new int[hex.size()];
        for (int i = 0; i < w.length; i++) w[i] = Integer.parseUnsignedInt(hex.get(i).asText(), 16);
        return w;
    }

    private static String hex(int[] words) { return String.format("%08x %08x %08x %08x", words[0], words[1], words[2], words[3]); }

    private static void processors(JsonNode table, Device device, List<Row> rows) {
        for (JsonNode c : table.get("cases")) {
            String name = c.get("config") + " on " + c.get("row").asText();
            Set<String> other = unknown(c.get("config"));
            if (!other.isEmpty()) {
                rows.add(Row.unsupported(name, "Lucid has temperature, top-k, top-p and min-p, not " + other));
                continue;
            }
            double[] found = probabilities(device, c.get("config"), table.get("rows").get(c.get("row").asText()));
            double[] wanted = Tables.numbers(c.get("probs"));
            double[] logits = Tables.numbers(c.get("logits"));
            for (int i = 0; i < found.length; i++) {
                boolean masked = logits[i] == Double.NEGATIVE_INFINITY;
                if (masked && found[i] != 0 || !masked && found[i] == 0 && wanted[i] > Float.MIN_NORMAL) rows.add(Row.failed(name, "token " + i + (masked ? " survives" : " is filtered out")));
            }
            rows.add(Row.compare(name, found, wanted, TOLERANCE, 0));
        }
        for (JsonNode c : table.path("wide").path("cases")) wide(c, table.get("wide").get("row"), device, rows);
    }

    private static void wide(JsonNode c, JsonNode logits, Device device, List<Row> rows) {
        String name = c.get("config") + " on 2,000 tokens";
        double[] found = probabilities(device, c.get("config"), logits);
        double[] wanted = new double[found.length];
        double[] probs = Tables.numbers(c.get("probs"));
        Set<Integer> kept = new TreeSet<>();
        for (int i = 0; i < probs.length; i++) {
            wanted[c.get("kept").get(i).asInt()] = probs[i];
            kept.add(c.get("kept").get(i).asInt());
        }
        Set<Integer> survivors = new TreeSet<>();
        for (int i = 0; i < found.length; i++) if (found[i] > 0) survivors.add(i);
        rows.add(Row.exact(name + ", survivors", survivors.equals(kept), "found " + survivors.size() + " tokens, wanted " + kept.size()));
        rows.add(Row.compare(name, found, wanted, TOLERANCE, 0));
    }

    private static Set<String> unknown(JsonNode config) {
        Set<String> other = new TreeSet<>();
        config.fieldNames().forEachRemaining(k -> { if (!FILTERS.contains(k)) other.add(k); });
        return other;
    }

    private static double[] probabilities(Device device, JsonNode config, JsonNode logits) {
        var rule = new Sampling.Rule(false, (float) config.path("temperature").asDouble(1), config.path("top_k").asInt(0), (float) config.path("top_p").asDouble(1),
                (float) config.path("min_p").asDouble(0));
        try (Scope scope = Scope.open(device)) {
            float[] x = Tables.floats(logits);
            Tensor y = Tensor.zeros(scope, 1, x.length);
            device.sampling().probabilities(rule, Tensor.of(scope, x, 1, x.length).matrix(), y.matrix());
            return Tables.doubles(y.toFloats());
        }
    }
}
