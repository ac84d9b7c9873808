package lucid.bench.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.kernels.contract.operand.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/// What is measured beside Lucid computes what Lucid does, or is refused. A stand-in takes libtorch's place, which need not be built.
class PeerTest {
    private static final Set<String> LIBRARIES = Set.of("libtorch", "openblas");

    /// A method `kernel_library` with the parameters that JMH would give it: of its own state every value, of its class the first of each.
    record PeerMethod(Class<?> bench, String kernel, String library, Map<String, String> parameters) {
        KernelBench open(KernelPeer peer) throws ReflectiveOperationException {
            KernelBench bench = (KernelBench) this.bench.getDeclaredConstructor().newInstance();
            for (Field f : this.bench.getFields()) {
                if (f.isAnnotationPresent(Param.class)) f.set(bench, value(f.getType(), parameters.get(f.getName())));
            }
            bench.open(parameters::get, kernel, peer);
            return bench;
        }

        @Override public String toString() { return bench.getSimpleName() + "." + kernel + "_" + library + " " + parameters; }
    }

    static List<PeerMethod> peers() throws ReflectiveOperationException {
        List<PeerMethod> peers = new ArrayList<>();
        for (Method m : methods()) {
            String[] name = m.getName().split("_");
            if (name.length == 1 || !LIBRARIES.contains(name[1])) continue;
            List<Field> own = Arrays.stream(m.getParameterTypes()).filter(t -> t.isAnnotationPresent(State.class))
                    .flatMap(t -> Arrays.stream(t.getFields())).toList();
            assertTrue(own.size() <= 1, m + ": one parameter of its own at most");
            Map<String, String> first = Arrays.stream(m.getDeclaringClass().getFields()).filter(f -> f.isAnnotationPresent(Param.class))
                    .collect(Collectors.toMap(Field::getName, f -> values(f).getFirst()));
            for (String value : own.isEmpty() ? List.of("") : values(own.getFirst())) {
                Map<String, String> parameters = new HashMap<>(first);
                if (!own.isEmpty()) parameters.put(own.getFirst().getName(), value);
                peers.add(new PeerMethod(m.getDeclaringClass(), name[0], name[1], parameters));
            }
        }
        return peers;
    }

    /// As JMH reads them: of an enum that names none, all.
    private static List<String> values(Field param) {
        List<String> named = List.of(param.getAnnotation(Param.class).value());
        return named.equals(List.of(Param.BLANK_ARGS)) ? Arrays.stream(param.getType().getEnumConstants()).map(Object::toString).toList() : named;
    }

    private static Object value(Class<?> type, String text) {
        if (type == int.class) return Integer.valueOf(text);
        return type.isEnum() ? Arrays.stream(type.getEnumConstants()).filter(c -> c.toString().equals(text)).findFirst().orElseThrow() : text;
    }

    private static List<Method> methods() throws ReflectiveOperationException {
        List<Method> methods = new ArrayList<>();
        for (BenchmarkListEntry entry : BenchmarkList.defaultList().getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                List.of())) {
            String name = entry.getUsername().substring(entry.getUsername().lastIndexOf('.') + 1);
            Class<?> bench = Class.forName(entry.getUserClassQName());
            if (KernelBench.class.isAssignableFrom(bench))
                Arrays.stream(bench.getDeclaredMethods()).filter(m -> m.getName().equals(name) && m.isAnnotationPresent(Benchmark.class))
                        .forEach(methods::add);
        }
        return methods;
    }

    /// Otherwise the table would have no row for it.
    @Test void everyPeerStandsBesideLucid() throws ReflectiveOperationException {
        Set<String> names = methods().stream().map(m -> m.getDeclaringClass().getSimpleName() + "." + m.getName()).collect(Collectors.toSet());
        Set<String> alone = names.stream().filter(n -> n.contains("_") && !names.contains(n.split("_")[0]))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(Set.of(), alone);
        assertTrue(names.containsAll(List.of("ReduceBench.softmax_libtorch", "DecodeBench.multiply_openblas")), names::toString);
    }

    /// A peer's parameter is one that Lucid's method has, with values that this has; otherwise the table would have no row for it. It may lack some.
    @Test void aPeersParametersAreLucids() throws ReflectiveOperationException {
        Map<String, Method> byName = methods().stream().collect(Collectors.toMap(m -> m.getDeclaringClass().getSimpleName() + "."
                + m.getName(), m -> m));
        for (PeerMethod peer : peers()) {
            List<Field> lucids = Arrays.stream(byName.get(peer.bench.getSimpleName() + "." + peer.kernel).getParameterTypes())
                    .flatMap(t -> Arrays.stream(t.getFields())).toList();
            for (Map.Entry<String, String> e : peer.parameters.entrySet()) {
                boolean known = Stream.concat(lucids.stream(), Arrays.stream(peer.bench.getFields()))
                        .filter(f -> f.getName().equals(e.getKey()) && f.isAnnotationPresent(Param.class))
                        .anyMatch(f -> values(f).contains(e.getValue()));
                assertTrue(known, peer.toString());
            }
        }
    }

    /// Answers with what Lucid computed, after a change.
    private static final class StandIn implements KernelPeer {
        private final KernelBench bench;
        private final Comparison comparison;
        private final UnaryOperator<float[]> change;
        private boolean ran;

        StandIn(KernelBench bench, Comparison comparison, UnaryOperator<float[]> change) {
            this.bench = bench;
            this.comparison = comparison;
            this.change = change;
        }

        @Override public String library() { return "stand-in"; }

        @Override public void prepare(int threads, String operation, Stream<Operand> operands) {
            assertTrue(operands.allMatch(o -> o.rows() * o.cols() == Array.getLength(o.values())));
        }

        @Override public void run() { ran = true; }

        @Override public float[] result() {
            assertTrue(ran);
            return change.apply(Comparison.wide(bench.device, comparison.result()));
        }

        @Override public void close() {}
    }

    private static void check(KernelBench bench, String kernel, UnaryOperator<float[]> change) {
        Comparison comparison = bench.comparison(kernel);
        comparison.check(new StandIn(bench, comparison, change), bench.device, 1);
    }

    @ParameterizedTest @MethodSource("peers") void aWrongResultIsRefused(PeerMethod peer) throws ReflectiveOperationException {
        KernelBench bench = peer.open(null);
        try {
            double tolerance = bench.comparison(peer.kernel).tolerance();
            check(bench, peer.kernel, found -> found);
            for (float wrong : new float[] {(float) (3 * tolerance), Float.NaN}) {
                String message = assertThrows(IllegalStateException.class, () -> check(bench, peer.kernel, found -> {
                    int last = found.length - 1;
                    found[last] = wrong == 0 ? Math.nextUp(found[last]) : found[last] + wrong;
                    return found;
                })).getMessage();
                assertTrue(message.startsWith("stand-in computes something else than "), message);
            }
            assertThrows(IllegalStateException.class, () -> check(bench, peer.kernel, found -> Arrays.copyOf(found, found.length - 1)));
            // A tolerance is no excuse: nothing at all would not be accepted.
            assertThrows(IllegalStateException.class, () -> check(bench, peer.kernel, found -> new float[found.length]));
        } finally {
            bench.close();
        }
    }

    /// It is on every class path.
    @ParameterizedTest @MethodSource("openBlas") void openBlasComputesTheSame(PeerMethod peer) throws ReflectiveOperationException {
        peer.open(KernelPeer.of("openblas")).close();
    }

    static List<PeerMethod> openBlas() throws ReflectiveOperationException {
        return peers().stream().filter(p -> p.library.equals("openblas")).toList();
    }

    @Test void whatIsNotBuiltIsNamed() {
        assertEquals("openblas", KernelPeer.of("openblas").library());
        assertTrue(assertThrows(IllegalStateException.class, () -> KernelPeer.of("libtorch")).getMessage()
                .startsWith("peer libtorch is not on the class path"));
        KernelPeer.Operand number = new KernelPeer.Operand(DType.F32, 1, 1, new float[] {1});
        try (KernelPeer openBlas = KernelPeer.of("openblas")) {
            assertEquals("openblas has no softmax", assertThrows(IllegalArgumentException.class,
                    () -> openBlas.prepare(1, "softmax", Stream.of(number, number))).getMessage());
        }
    }
}
