package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling;
import lucid.kernels.math.Philox;
import lucid.nn.config.GenerationConfig;
import lucid.nn.generate.StopStrings;
import lucid.nn.generate.Stopping;
import lucid.nn.generate.processor.LogitsProcessors;
import lucid.nn.generate.processor.TokenContext;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;

/// Tables of sampling: the processors of logits and the filters of the device's kernel, as generation runs them; Philox; what ends an answer.
final class SamplingParity {
    // Of the README: which tokens survive must be exact, the rest within 1e-6. A survivor below the smallest normal f32 may round to 0.
    private static final double TOLERANCE = 1e-6;
    private static final int ROUNDS = 10;

    private SamplingParity() {}

    static boolean recognises(JsonNode table) {
        JsonNode first = table.path("cases").path(0);
        return table.has("known_answers") || first.has("stop_strings") && first.has("done_after") || first.has("probs") && table.has("rows");
    }

    /// @param file of the table; the tokenizer that it names lies beside it
    static List<Row> run(Path file, JsonNode table, Device device) throws IOException {
        List<Row> rows = new ArrayList<>();
        if (table.has("known_answers")) {
            philox("known answer", table.required("known_answers"), rows);
            philox("counter", table.path("more"), rows);
        } else if (table.path("cases").path(0).has("stop_strings")) {
            stops(table, TokenizerFiles.load(file.toAbsolutePath().resolveSibling(table.required("tokenizer").asText())), rows);
        } else {
            processors(table, device, rows);
        }
        return rows;
    }

    private static void philox(String what, JsonNode list, List<Row> rows) {
        int i = 0;
        for (JsonNode c : list) {
            String name = what + " " + i++;
            if (c.required("rounds").asInt() != ROUNDS) {
                rows.add(Row.unsupported(name, c.required("rounds") + " rounds; Lucid draws with " + ROUNDS));
                continue;
            }
            int[] counter = words(c.required("counter"));
            int[] key = words(c.required("key"));
            int[] out = new int[4];
            Philox.words((key[0] & 0xFFFFFFFFL) | (long) key[1] << 32, counter[0], counter[1], counter[2], counter[3], out);
            int[] wanted = words(c.required("result"));
            rows.add(Row.exact(name, Arrays.equals(out, wanted), "found " + hex(out) + ", wanted " + hex(wanted)));
        }
    }

    private static int[] words(JsonNode hex) {
        int[] w = new int[hex.size()];
        for (int i = 0; i < w.length; i++) w[i] = Integer.parseUnsignedInt(hex.get(i).asText(), 16);
        return w;
    }

    private static String hex(int[] words) { return String.format("%08x %08x %08x %08x", words[0], words[1], words[2], words[3]); }

    private static void stops(JsonNode table, Tokenizer tokenizer, List<Row> rows) {
        for (JsonNode c : table.required("cases")) {
            List<String> strings = new ArrayList<>();
            c.required("stop_strings").forEach(s -> strings.add(s.asText()));
            var stopping = new Stopping(_ -> false, new StopStrings(strings, tokenizer::bytes), Integer.MAX_VALUE);
            List<Boolean> found = new ArrayList<>();
            for (JsonNode id : c.required("ids")) found.add(stopping.after(id.asInt()) == Stopping.Verdict.STOP_STRING);
            List<Boolean> wanted = new ArrayList<>();
            c.required("done_after").forEach(d -> wanted.add(d.asBoolean()));
            rows.add(Row.exact("stop strings " + c.required("stop_strings") + " in " + c.required("text"), found.equals(wanted),
                    "found " + found + ", wanted " + wanted));
        }
        for (JsonNode c : table.path("other")) {
            Set<Integer> ends = new TreeSet<>();
            for (JsonNode id : c.path("eos").isArray() ? c.required("eos") : List.of(c.path("eos"))) ends.add(id.asInt(-1));
            var stopping = new Stopping(ends::contains, StopStrings.NONE, c.path("max_length").asInt(Integer.MAX_VALUE));
            Stopping.Verdict last = Stopping.Verdict.GO_ON;
            for (JsonNode id : c.required("ids")) last = stopping.after(id.asInt());
            rows.add(Row.exact(c.required("criterion").asText() + " " + c.required("ids"), (last != Stopping.Verdict.GO_ON) == c.required("done")
                    .asBoolean(), "found " + last + ", wanted done " + c.required("done")));
        }
    }

    private static void processors(JsonNode table, Device device, List<Row> rows) {
        for (JsonNode c : table.required("cases")) {
            String name = c.required("config") + " on " + c.required("row").asText();
            GenerationConfig config = config(table, c);
            if (!config.without().isEmpty()) {
                rows.add(Row.unsupported(name, "Lucid does not have " + config.without()));
                continue;
            }
            double[] found = probabilities(device, config, table, table.required("rows").required(c.required("row").asText()));
            double[] wanted = Tables.numbers(c.required("probs"));
            double[] logits = Tables.numbers(c.required("logits"));
            for (int i = 0; i < found.length; i++) {
                boolean masked = logits[i] == Double.NEGATIVE_INFINITY;
                if (masked && found[i] != 0 || !masked && found[i] == 0 && wanted[i] > Float.MIN_NORMAL)
                    rows.add(Row.failed(name, "token " + i + (masked ? " survives" : " is filtered out")));
            }
            rows.add(Row.compare(name, found, wanted, TOLERANCE, 0));
        }
        for (JsonNode c : table.path("wide").path("cases")) wide(c, table, device, rows);
    }

    private static void wide(JsonNode c, JsonNode table, Device device, List<Row> rows) {
        String name = c.required("config") + " on 2,000 tokens";
        double[] found = probabilities(device, config(table, c), table, table.required("wide").required("row"));
        double[] wanted = new double[found.length];
        double[] probs = Tables.numbers(c.required("probs"));
        Set<Integer> kept = new TreeSet<>();
        for (int i = 0; i < probs.length; i++) {
            wanted[c.required("kept").required(i).asInt()] = probs[i];
            kept.add(c.required("kept").required(i).asInt());
        }
        Set<Integer> survivors = new TreeSet<>();
        for (int i = 0; i < found.length; i++) if (found[i] > 0) survivors.add(i);
        rows.add(Row.exact(name + ", survivors", survivors.equals(kept), "found " + survivors.size() + " tokens, wanted " + kept.size()));
        rows.add(Row.compare(name, found, wanted, TOLERANCE, 0));
    }

    /// The case's fields over the table's, read as a checkpoint's are.
    private static GenerationConfig config(JsonNode table, JsonNode c) {
        ObjectNode all = ((ObjectNode) table.required("defaults")).deepCopy();
        all.set("eos_token_id", table.required("eos_token_id"));
        all.setAll((ObjectNode) c.required("config"));
        return GenerationConfig.read("config " + c.required("config"), all);
    }

    /// What generation would draw from. Of a greedy one the table holds the distribution that the largest is taken of.
    private static double[] probabilities(Device device, GenerationConfig config, JsonNode table, JsonNode logits) {
        Sampling.Rule rule = config.sampled() ? config.filters().rule() : Sampling.Rule.temperature(1);
        try (Scope scope = Scope.open(device)) {
            float[] x = Tables.floats(logits);
            var drawn = new LogitsProcessors(config.processors(config.sampled()))
                    .prepare(scope, rule, Tensor.of(scope, x, 1, x.length), List.of(context(table)));
            Tensor y = Tensor.zeros(scope, 1, x.length);
            device.sampling().probabilities(drawn.rule(), drawn.logits().matrix(), y.matrix());
            return Tables.doubles(y.toFloats());
        }
    }

    private static TokenContext context(JsonNode table) {
        int[] ids = new int[table.required("input_ids").size()];
        Arrays.setAll(ids, i -> table.required("input_ids").get(i).asInt());
        int prompt = table.required("prompt_length").asInt();
        TokenContext context = TokenContext.of(Arrays.copyOf(ids, prompt));
        for (int i = prompt; i < ids.length; i++) context.add(ids[i]);
        return context;
    }
}
