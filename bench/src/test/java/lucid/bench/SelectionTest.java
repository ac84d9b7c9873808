package lucid.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.bench.kernel.DecodeBench;
import lucid.grpo.console.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// What JMH is asked to run.
class SelectionTest {
    private static final String DECODE = DecodeBench.class.getName() + ".multiply";

    private static Selection decode(String... parameters) {
        return Selection.of(Pattern.compile("Decode.multiply"), List.of(OptionalPeers.METHODS), List.of(parameters));
    }

    /// Methods and values of each run.
    private static Map<String, List<String>> runs(Selection selection, String... names) {
        Map<String, List<String>> runs = new TreeMap<>();
        for (Options o : selection.runs(new OptionsBuilder().forks(3).build())) {
            assertEquals(3, o.getForkCount().get());
            List<String> values = Stream.of(names).map(n -> n + String.join(",", o.getParameter(n).orElse(List.of()))).toList();
            o.getIncludes().forEach(method -> runs.put(method.replaceAll("\\^\\\\Q|\\\\E\\$", ""), values));
        }
        return runs;
    }

    @Test void everything() { assertEquals(Map.of(DECODE, List.of("rows"), DECODE + "_openblas", List.of("rows")), runs(decode(), "rows")); }

    @Test void aPeerWithSomeOfTheValues() {
        assertEquals(Map.of(DECODE, List.of("rows3", "weightsBF16,F32", "layoutpacked"), DECODE + "_openblas",
                List.of("rows3", "weightsF32", "layout")),
                runs(decode("rows=3", "weights=BF16,F32", "layout=packed"), "rows", "weights", "layout"));
    }

    @Test void aPeerWithNoneOfThem() { assertEquals(Map.of(DECODE, List.of("weightsBF16")), runs(decode("weights=BF16"), "weights")); }

    @ParameterizedTest @CsvSource(delimiter = '|', value = {
        "rows=0 | found '0', wanted a whole number above 0",
        "rows=1, | found '', wanted a whole number above 0",
        "weights=F8 | found 'F8', wanted one of BF16, F16, F32",
        "colour=red | has a parameter colour; wanted one of layers, layout, rows, weights",
        "rows | wanted NAME=VALUE",
        "=1 | wanted NAME=VALUE",
    })
    void wrong(String parameter, String words) {
        String said = assertThrows(UsageException.class, () -> decode(parameter)).getMessage();
        assertTrue(said.startsWith("-p " + parameter + ": ") && said.contains(words), said);
    }

    @Test void oneParameterTwice() {
        assertTrue(assertThrows(UsageException.class, () -> decode("rows=1", "rows=2")).getMessage().contains("a second -p rows"));
    }
}
