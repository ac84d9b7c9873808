package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The correct kernels: right results and not one finding, whatever the order of warps and the moment of asynchronous work.
class CorpusRunTest {
    static List<CorpusCase> cases() {
        return Cases.all();
    }

    @ParameterizedTest @MethodSource("cases") void runsCleanAndRight(CorpusCase c) {
        for (Emulation.Adversary adversary : Emulation.Adversary.some()) {
            Outcome outcome = Emulation.run(c.kernel() + ".ptx", Corpus.text(c.kernel()), c, adversary);
            assertEquals(List.of(), outcome.lines(), c + " under " + adversary);
        }
    }
}
