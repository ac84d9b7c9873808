package lucid.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/// What a run showed, one row per kernel and parameters: Lucid's time and rate, the limit probed in the same process, the fraction of it, and the
/// peers.
///
/// @param rows in the order in which JMH ran them
public record BenchTable(List<Row> rows) {
    /// @param kernel        for example `MatMul.multiply`
    /// @param parameters    JMH parameters, for example `shape=1024x1024x1024`
    /// @param microseconds  average time of one call
    /// @param error         half of JMH's 99.9 % interval, in microseconds; null where one iteration tells none
    /// @param unit          `GFLOP/s` or `GB/s`
    /// @param rate          work of a call by its time
    /// @param limit         the probe's rate
    /// @param bound         what the limit comes from: `FMA` or `memory`
    /// @param peers         rate of each peer
    public record Row(String kernel, String parameters, double microseconds, Double error, String unit, double rate, double limit, String bound,
            Map<String, Double> peers) {
        @JsonProperty public double fraction() { return rate / limit; }

        /// Lucid's rate by the fastest peer's; null without a peer.
        @JsonProperty public Double ratio() {
            OptionalDouble best = peers.values().stream().mapToDouble(Double::doubleValue).max();
            return best.isPresent() ? rate / best.getAsDouble() : null;
        }
    }

    /// Joins each result of `kernel` with those of `kernel_peer` that have the same values of all parameters that the peer has: what makes no
    /// difference to it is measured once.
    public static BenchTable of(Collection<RunResult> results) {
        List<RunResult> lucids = results.stream().filter(r -> peer(r) == null).toList(),
                peers = results.stream().filter(r -> peer(r) != null).toList();
        for (RunResult r : peers) {
            if (lucids.stream().noneMatch(own -> fits(r, own)))
                throw new IllegalArgumentException("bench: the pattern chose only peers of " + kernel(r)
                        + "; wanted one that also chooses Lucid's own method");
        }
        return new BenchTable(lucids.stream().map(own -> row(own, peers.stream().filter(r -> fits(r, own)))).toList());
    }

    private static boolean fits(RunResult peer, RunResult own) {
        return kernel(peer).equals(kernel(own)) && parameters(own).entrySet().containsAll(parameters(peer).entrySet());
    }

    private static Row row(RunResult own, Stream<RunResult> others) {
        Map<String, Double> peers = new LinkedHashMap<>();
        others.forEach(r -> peers.put(peer(r), rate(r)));
        double limit = mean(own, "work") / (mean(own, "limitMicroseconds") * 1e-6);
        Result<?> time = own.getPrimaryResult();
        return new Row(kernel(own), text(parameters(own)), time.getScore(), Double.isNaN(time.getScoreError()) ? null : time.getScoreError(),
                mean(own, "inBytes") > 0 ? "GB/s" : "GFLOP/s", rate(own), limit,
                mean(own, "computed") > 0.5 ? "FMA" : "memory", peers);
    }

    private static double rate(RunResult r) { return mean(r, "work") / (r.getPrimaryResult().getScore() * 1e-6); }

    /// Event counters are summed over iterations, so their mean is what one iteration reported.
    private static double mean(RunResult r, String counter) {
        Result<?> result = r.getSecondaryResults().get(counter);
        if (result == null)
            throw new IllegalStateException("bench: " + r.getParams().getBenchmark() + " reports no " + counter
                    + "; wanted a benchmark that fills in Limit");
        return result.getStatistics().getMean();
    }

    private static String method(RunResult r) {
        String name = r.getParams().getBenchmark();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static String kernel(RunResult r) { return kernel(r.getParams().getBenchmark()); }

    /// `Family.kernel` of a benchmark's method, a peer's too.
    ///
    /// @param method with class and package
    static String kernel(String method) {
        String[] path = method.split("\\.");
        return path[path.length - 2].replaceAll("Bench$", "") + "." + path[path.length - 1].split("_")[0];
    }

    /// The peer's name, or null for Lucid itself.
    private static String peer(RunResult r) {
        String[] parts = method(r).split("_", 2);
        return parts.length == 2 ? parts[1] : null;
    }

    private static Map<String, String> parameters(RunResult r) {
        BenchmarkParams params = r.getParams();
        return params.getParamsKeys().stream().collect(Collectors.toMap(key -> key, params::getParam, (a, _) -> a, LinkedHashMap::new));
    }

    private static String text(Map<String, String> parameters) {
        return parameters.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(" "));
    }

    /// For people, in columns.
    @Override public String toString() {
        List<String[]> cells = new ArrayList<>();
        cells.add(new String[] {"kernel", "parameters", "µs", "± µs", "Lucid", "limit", "unit", "of limit", "bound by", "peers",
                "Lucid / best peer"});
        for (Row r : rows) {
            String peers = r.peers.entrySet().stream().map(e -> e.getKey() + " " + number(e.getValue())).collect(Collectors.joining(", "));
            cells.add(new String[] {r.kernel, r.parameters, number(r.microseconds), number(r.error), number(r.rate), number(r.limit), r.unit,
                    String.format(Locale.ROOT, "%.0f %%", 100 * r.fraction()), r.bound, peers.isEmpty() ? "-" : peers, number(r.ratio())});
        }
        int[] widths = new int[cells.getFirst().length];
        for (String[] line : cells) {
            for (int i = 0; i < line.length; i++) widths[i] = Math.max(widths[i], line[i].length());
        }
        StringBuilder text = new StringBuilder();
        for (String[] line : cells) {
            for (int i = 0; i < line.length; i++) text.append(i == 0 ? "" : "  ").append(line[i]).repeat(" ", widths[i] - line[i].length());
            text.append(System.lineSeparator());
        }
        return text.toString();
    }

    private static String number(Double value) {
        if (value == null) return "-";
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }
}
