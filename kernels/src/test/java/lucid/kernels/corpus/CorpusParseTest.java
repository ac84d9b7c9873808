package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import lucid.kernels.ptx.text.PtxModule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CorpusParseTest {
    static List<String> names() {
        return Corpus.names();
    }

    @ParameterizedTest @MethodSource("names") void parsesAndHasCasesThatGiveEveryParameter(String name) throws Exception {
        PtxModule module = PtxModule.parse(Corpus.file(name));
        assertEquals(List.of(name), module.entries().stream().map(e -> e.name()).toList());
        assertEquals(80, module.version());
        Set<String> parameters = module.entry(name).parameters().stream().map(p -> p.name()).collect(Collectors.toSet());
        for (CorpusCase c : Cases.of(name)) {
            Set<String> given = c.arguments().stream().filter(a -> !(a instanceof CorpusCase.Array array && array.hidden()))
                    .map(CorpusCase.Argument::name).collect(Collectors.toSet());
            assertEquals(parameters, given, c.toString());
        }
    }
}
