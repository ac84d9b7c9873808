package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.kernels.compile.CompileGate;
import lucid.kernels.compile.GateReport;
import lucid.kernels.compile.NvPtxCompiler;
import lucid.kernels.ptx.check.Kind;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// The seeded faults as data: each can be applied, is faulty in the way it says, and passes NVIDIA's assembler, which is why the emulator must be
/// strict.
class MutantGateTest {
    @Test void thereAreEnoughAndEachIsOne() {
        List<Mutant> mutants = Mutant.all();
        assertTrue(mutants.stream().filter(m -> !m.equivalent()).count() >= 80, mutants.size() + " mutants");
        assertEquals(mutants.size(), mutants.stream().map(Mutant::id).distinct().count(), "ids");
        assertEquals(new TreeSet<>(Corpus.names()), mutants.stream().map(Mutant::kernel).collect(Collectors.toCollection(TreeSet::new)),
                "every kernel has mutants");
        Set<String> known = Stream.concat(Stream.of(Kind.values()).map(Enum::name), Stream.of("RESULT", "EQUIVALENT", "UNSEEN", "GATE"))
                .collect(Collectors.toSet());
        for (Mutant m : mutants) {
            assertTrue(known.containsAll(m.expect()), m.id() + " expects " + m.expect());
            assertNotEquals(Corpus.text(m.kernel()), m.apply(), m.id());
        }
    }

    @Test void theAssemblerTakesAlmostAllOfThem() {
        Assumptions.assumeTrue(CompileGate.assemblers().stream().anyMatch(a -> a.startsWith("nvPTXCompiler")), "no nvPTXCompiler for this platform");
        NvPtxCompiler compiler = NvPtxCompiler.load(); // notes differ by version: held to the one that is the same everywhere
        List<String> wrong = new ArrayList<>();
        int taken = 0;
        for (Mutant m : Mutant.all()) {
            String text = m.apply();
            String target = CompileGate.target(m.id(), text);
            List<String> objections = new GateReport(m.id(), target, List.of(compiler.compile(m.id(), text, target)), List.of()).objections();
            if (objections.isEmpty() == m.gateObjects()) wrong.add(m.id() + " " + m.expect() + " " + objections);
            if (objections.isEmpty()) taken++;
        }
        assertEquals(List.of(), wrong, "GATE marks exactly the faults that the assembler sees");
        System.out.println("mutants: the assembler takes " + taken + " of " + Mutant.all().size());
    }
}
