package lucid.kernels.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import lucid.kernels.ptx.text.PtxModule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CorpusParseTest {
    static List<String> names() {
        return Corpus.names();
    }

    @ParameterizedTest @MethodSource("names") void parses(String name) throws Exception {
        PtxModule module = PtxModule.parse(Corpus.file(name));
        assertEquals(List.of(name), module.entries().stream().map(e -> e.name()).toList());
        assertEquals(80, module.version());
    }
}
