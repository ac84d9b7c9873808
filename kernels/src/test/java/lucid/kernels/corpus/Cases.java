package lucid.kernels.corpus;

import java.util.List;
import java.util.stream.Stream;

/// Every launch of the corpus.
final class Cases {
    private static final List<CorpusCase> ALL = Stream.of(ElementCases.all(), RowCases.all(), MatrixCases.all()).flatMap(List::stream).toList();

    private Cases() {
    }

    static List<CorpusCase> all() {
        return ALL;
    }

    static List<CorpusCase> of(String kernel) {
        List<CorpusCase> cases = ALL.stream().filter(c -> c.kernel().equals(kernel)).toList();
        if (cases.isEmpty())
            throw new IllegalArgumentException("no case for kernel '" + kernel + "'; there are " + ALL.stream().map(CorpusCase::kernel)
                    .distinct().toList());
        return cases;
    }
}
