package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import lucid.kernels.corpus.Mutant;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.KernelFaultException;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every fault seeded in a kernel must show when the family's bit cases run on it, as a finding or as a wrong bit; those that are said to be
/// equivalent must not.
///
/// The faults of `cuda/mutants-NAME.txt` (form: head of `ptx/mutants.txt`) are judged by `static List<BitCase> cases()` of the class `CudaNAMETest`
/// of this package. A fault meets the cases that run its kernel, and no others.
class CudaMutantTest {
    /// Many times what any case needs; an endless loop ends here.
    private static final long BUDGET = 2_000_000;
    private static final EmulatedGpu.Settings SETTINGS = new EmulatedGpu.Settings(90, Schedule.RANDOM, Timing.LATE, 3, 1);

    /// What only cards with little shared memory run.
    private static final Set<String> SMALL = Set.of("attention_backward_key_d128_r16_f32_sm80");

    /// For each family, the cases by the kernels they run; every case runs once for this, whichever test asks first.
    private static final Map<String, Map<String, List<BitCase>>> BY_KERNEL = new HashMap<>();

    private record Verdict(Mutant mutant, Set<String> kinds, String first) {
        boolean asExpected() {
            return mutant.equivalent() || mutant.unseen() ? kinds.isEmpty() : !Collections.disjoint(kinds, mutant.expect());
        }

        @Override public String toString() {
            return mutant.id() + " (" + mutant.words() + "): " + (kinds.isEmpty() ? "nothing showed" : "showed as " + kinds + ", " + first)
                    + "; expected " + mutant.expect();
        }
    }

    static List<String> families() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(Path.of(CudaMutantTest.class.getResource("/cuda").toURI()))) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.startsWith("mutants-")).map(f -> f.substring(8, f.length() - 4))
                    .sorted().toList();
        }
    }

    @Test void thereAreFaults() throws Exception { assertFalse(families().isEmpty()); }

    /// Every kernel that is shipped runs in the emulator, under all checks and with the CPU's bits, in some case of some family.
    @Test void everyKernelRuns() throws Exception {
        Set<String> idle = new TreeSet<>(KernelGateTest.names().toList());
        for (String family : families()) idle.removeAll(casesByKernel(family).keySet());
        if (idle.stream().anyMatch(SMALL::contains))
            idle.removeAll(casesByKernel(cases("attention"), new EmulatedGpu.Settings(89, Schedule.RANDOM, Timing.LATE, 3, 1)).keySet());
        assertEquals(Set.of(), idle, "kernels that no family's cases run");
    }

    @ParameterizedTest @MethodSource("families") void everyFaultShows(String family) throws Exception {
        List<Mutant> mutants = Mutant.read("/cuda/mutants-" + family + ".txt");
        assertEquals(mutants.size(), mutants.stream().map(Mutant::id).distinct().count(), "ids");
        Map<String, List<BitCase>> byKernel = casesByKernel(family);
        List<Verdict> verdicts = mutants.parallelStream().map(m -> judge(m, byKernel.getOrDefault(m.kernel(), List.of()))).toList();
        long faults = mutants.stream().filter(m -> !m.equivalent()).count();
        System.out.println("mutants of " + family + ": " + verdicts.stream().filter(v -> !v.mutant.equivalent() && !v.kinds.isEmpty()).count()
                + " of " + faults + " faults caught, "
                + (mutants.size() - faults) + " equivalent");
        assertEquals("", String.join("\n", verdicts.stream().filter(v -> !v.asExpected()).map(Verdict::toString).toList()));
    }

    @SuppressWarnings("unchecked") private static List<BitCase> cases(String family) throws ReflectiveOperationException {
        Class<?> test = Class.forName(CudaMutantTest.class.getPackageName() + ".Cuda" + Character.toUpperCase(family.charAt(0))
                + family.substring(1) + "Test");
        return (List<BitCase>) test.getDeclaredMethod("cases").invoke(null);
    }

    private static Map<String, List<BitCase>> casesByKernel(String family) throws ReflectiveOperationException {
        if (!BY_KERNEL.containsKey(family)) BY_KERNEL.put(family, casesByKernel(cases(family), SETTINGS));
        return BY_KERNEL.get(family);
    }

    /// Runs the cases on sound kernels, to see which kernels each of them runs.
    private static Map<String, List<BitCase>> casesByKernel(List<BitCase> cases, EmulatedGpu.Settings settings) {
        Map<String, List<BitCase>> byKernel = new HashMap<>();
        for (BitCase c : cases) {
            Set<String> ran = new HashSet<>();
            try (Bits bits = new Bits(new EmulatedGpu(settings).listen(report -> ran.add(report.entry().name())))) {
                c.body().accept(bits);
            }
            ran.forEach(name -> byKernel.computeIfAbsent(name, _ -> new ArrayList<>()).add(c));
        }
        return byKernel;
    }

    private static Verdict judge(Mutant mutant, List<BitCase> cases) {
        String sound = Kernels.text(mutant.kernel());
        String faulty = mutant.apply(sound);
        assertNotEquals(sound, faulty, mutant.id());
        assertFalse(cases.isEmpty(), mutant.id() + ": no case runs " + mutant.kernel());
        for (BitCase c : cases) {
            Set<String> kinds = new TreeSet<>();
            EmulatedGpu gpu = new EmulatedGpu(SETTINGS).budget(BUDGET).texts((name, text) -> name.equals(mutant.kernel()) ? faulty : text)
                    .listen(report -> report.findings().forEach(f -> kinds.add(f.kind().name())));
            try (Bits bits = new Bits(gpu)) {
                c.body().accept(bits);
            } catch (KernelFaultException e) {
                return new Verdict(mutant, kinds, c + ": " + e.getMessage());
            } catch (PtxSyntaxException e) {
                return new Verdict(mutant, Set.of("ILLEGAL_OPERAND"), c + ": " + e.getMessage());
            } catch (AssertionError | IllegalArgumentException | IllegalStateException e) {
                // The last two: a complaint about numbers that are right.
                return new Verdict(mutant, Set.of("RESULT"), c + ": " + e.getMessage());
            }
        }
        return new Verdict(mutant, Set.of(), "");
    }
}
