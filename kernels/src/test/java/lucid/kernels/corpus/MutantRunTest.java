package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import org.junit.jupiter.api.Test;

/// Every seeded fault must show: as a finding or as a wrong value, in one of the kernel's cases under one of the adversaries. The equivalent ones
/// must not; nor do the faults that the emulator is known not to see, so that the list of them stays true.
class MutantRunTest {
    /// What became of a mutant: `kinds` is empty when nothing showed.
    private record Verdict(Mutant mutant, Set<String> kinds, String first) {
        boolean caught() {
            return !kinds.isEmpty();
        }

        boolean asExpected() {
            return mutant.equivalent() || mutant.unseen() ? !caught() : !Collections.disjoint(kinds, mutant.expect());
        }

        @Override public String toString() {
            return mutant.id() + " (" + mutant.words() + "): " + (caught() ? "showed as " + kinds + ", " + first : "nothing showed") + "; expected "
                    + mutant.expect();
        }
    }

    @Test void everyFaultShowsAndEveryEquivalentOneDoesNot() {
        List<Verdict> verdicts = Mutant.all().parallelStream().map(MutantRunTest::judge).toList();
        Map<String, Integer> byKind = new TreeMap<>();
        verdicts.stream().filter(v -> !v.mutant.equivalent()).flatMap(v -> v.kinds.stream()).forEach(kind -> byKind.merge(kind, 1, Integer::sum));
        long faults = verdicts.stream().filter(v -> !v.mutant.equivalent()).count();
        System.out.println("mutants: " + verdicts.stream().filter(v -> !v.mutant.equivalent() && v.caught()).count() + " of " + faults
                + " faults caught, "
                + verdicts.stream().filter(v -> v.mutant.unseen()).count() + " known to pass, " + (verdicts.size() - faults)
                        + " equivalent ones argued; runs that showed each kind: " + byKind);
        assertEquals("", String.join("\n", verdicts.stream().filter(v -> !v.asExpected()).map(Verdict::toString).toList()));
    }

    private static Verdict judge(Mutant mutant) {
        String text = mutant.apply();
        for (Emulation.Adversary adversary : Emulation.Adversary.some()) {
            for (CorpusCase c : Cases.of(mutant.kernel())) {
                Outcome outcome = run(mutant, text, c, adversary);
                if (!outcome.clean()) return new Verdict(mutant, outcome.kinds(), c + " under " + adversary + ": " + outcome.lines().getFirst());
            }
        }
        return new Verdict(mutant, new TreeSet<>(), "");
    }

    private static Outcome run(Mutant mutant, String text, CorpusCase c, Emulation.Adversary adversary) {
        try {
            return Emulation.run(mutant.id() + ".ptx", text, c, adversary);
        } catch (PtxSyntaxException e) {
            return new Outcome(Set.of("ILLEGAL_OPERAND"), List.of(e.getMessage())); // refused at load
        }
    }
}
