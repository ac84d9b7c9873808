package lucid.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.grpo.console.UsageException;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Which of JMH's benchmarks run, peers among them, and with which values of their parameters.
final class Selection {
    private static final Pattern WHOLE = Pattern.compile("[1-9]\\d{0,8}");

    private final List<BenchmarkListEntry> entries;
    private final Map<String, List<String>> asked = new LinkedHashMap<>();

    private Selection(List<BenchmarkListEntry> entries) { this.entries = entries; }

    /// Every benchmark that this module knows, but for excluded ones.
    static Stream<BenchmarkListEntry> all(List<String> excluded) {
        return BenchmarkList.defaultList().getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), excluded).stream();
    }

    /// @param wanted     found in `Family.kernel`, or in that with the class's name
    /// @param excluded   regular expressions on methods
    /// @param parameters `NAME=VALUE,VALUE...` each
    /// @throws UsageException nothing is found, or a parameter or value that nothing has which is
    static Selection of(Pattern wanted, List<String> excluded, List<String> parameters) {
        Selection found = new Selection(all(excluded).filter(e -> matches(wanted, e.getUsername())).sorted().toList());
        if (found.entries.isEmpty()) throw new UsageException("no benchmark matches '" + wanted + "'; --list shows all");
        parameters.forEach(found::ask);
        return found;
    }

    // A family's name ends in Bench; people need not type that.
    private static boolean matches(Pattern wanted, String method) {
        String name = method.replaceFirst("^.*\\.(?=\\w+\\.)", "");
        return wanted.matcher(name).find() || wanted.matcher(name.replaceFirst("Bench\\.", ".")).find();
    }

    private void ask(String parameter) {
        int equals = parameter.indexOf('=');
        String given = "-p " + parameter, name = parameter.substring(0, Math.max(0, equals));
        if (name.isEmpty()) throw new UsageException(given + ": found '" + parameter + "', wanted NAME=VALUE, or NAME=VALUE,VALUE");
        if (asked.containsKey(name))
            throw new UsageException(given + ": found a second -p " + name + "; wanted all values in one, with commas between them");
        Set<String> known = new TreeSet<>(), declared = new TreeSet<>();
        for (BenchmarkListEntry e : entries) {
            known.addAll(declared(e).keySet());
            declared.addAll(List.of(declared(e).getOrDefault(name, new String[0])));
        }
        if (declared.isEmpty())
            throw new UsageException(given + ": no benchmark that is asked for has a parameter " + name + "; wanted "
                    + (known.isEmpty() ? "none" : "one of " + String.join(", ", known)));
        List<String> list = List.of(parameter.substring(equals + 1).split(",", -1));
        for (String value : list) {
            if (declared.contains(value) || numbers(declared) && WHOLE.matcher(value).matches()) continue;
            throw new UsageException(given + ": found '" + value + "', wanted "
                    + (numbers(declared) ? "a whole number above 0" : "one of " + String.join(", ", declared)));
        }
        asked.put(name, list);
    }

    private static boolean numbers(Set<String> values) { return values.stream().allMatch(v -> WHOLE.matcher(v).matches()); }

    private static Map<String, String[]> declared(BenchmarkListEntry e) { return e.getParams().orElse(Map.of()); }

    /// As `--list` prints them.
    List<String> kernels() { return entries.stream().map(e -> BenchTable.kernel(e.getUsername())).distinct().toList(); }

    /// What JMH is to run, one after the other: a peer may have only some of the values of a parameter, and JMH gives all benchmarks of a run the
    /// same.
    List<Options> runs(Options common) {
        Map<Map<String, List<String>>, List<String>> methods = new LinkedHashMap<>();
        for (BenchmarkListEntry e : entries) {
            Map<String, List<String>> values = values(e);
            if (values.values().stream().noneMatch(List::isEmpty)) methods.computeIfAbsent(values, _ -> new ArrayList<>()).add(e.getUsername());
        }
        return methods.entrySet().stream().map(run -> options(common, run.getValue(), run.getKey())).toList();
    }

    /// What was asked for of what the benchmark has.
    private Map<String, List<String>> values(BenchmarkListEntry e) {
        return asked.entrySet().stream().filter(a -> declared(e).containsKey(a.getKey())).collect(Collectors.toMap(Map.Entry::getKey, a -> {
            Set<String> own = Set.of(declared(e).get(a.getKey()));
            return a.getValue().stream().filter(v -> own.contains(v) || numbers(own)).toList();
        }, (x, _) -> x, LinkedHashMap::new));
    }

    private static Options options(Options common, List<String> methods, Map<String, List<String>> values) {
        OptionsBuilder options = new OptionsBuilder();
        options.parent(common);
        methods.forEach(m -> options.include("^" + Pattern.quote(m) + "$"));
        values.forEach((name, list) -> options.param(name, list.toArray(String[]::new)));
        return options.build();
    }
}
