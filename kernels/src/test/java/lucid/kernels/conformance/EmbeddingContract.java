package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.BF16;

import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Gathering copies, so it is exact; scattering adds at most as many rows as there are, tolerance as in [MatMulContract].
abstract class EmbeddingContract extends DeviceContract {
    EmbeddingContract(Supplier<Device> factory) { super(factory); }

    @ParameterizedTest(name = "{0} rows of {1}, vocabulary {2}, gap {3}")
    @CsvSource({"1,1,1,0", "0,3,2,0", "5,7,3,2", "40,33,11,0", "9,100,500,1"})
    void gatherAndScatter(int rows, int cols, int vocabulary, int layout) {
        gap = layout;
        int[] index = new int[rows];
        for (int r = 0; r < rows; r++) index[r] = random.nextInt(vocabulary);
        TwinBuffer ids = ints(index);
        Twin wide = random(vocabulary, cols);
        Twin narrow = matrix(BF16, vocabulary, cols, uniform(vocabulary * cols, -1, 1));
        Twin y = random(rows, cols);
        both((d, s) -> d.embedding().gather(ids.on(s), wide.on(s), y.on(s)));
        assertSame("gather", y, 0);
        both((d, s) -> d.embedding().gather(ids.on(s), narrow.on(s), y.on(s)));
        assertSame("gather from bf16", y, 0);
        Twin dy = random(rows, cols);
        RowGroups groups = new RowGroups(0, rows / 4, rows / 2, rows);
        both((d, s) -> d.embedding().scatterAdd(ids.on(s), dy.on(s), groups, wide.on(s)));
        assertSame("scatterAdd", wide, MatMulContract.tolerance(rows));
    }

    @Test void byHand() {
        Twin table = values(3, 2, 1, 2, 3, 4, 5, 6);
        Twin y = zeros(4, 2);
        tested.embedding().gather(ints(2, 0, 2, 1).tested(), table.tested(), y.tested());
        assertValues("gather", y, 0, 5, 6, 1, 2, 5, 6, 3, 4);
        tested.embedding().scatterAdd(ints(2, 0, 2, 0).tested(), values(4, 2, 1, 1, 10, 10, 100, 100, 1000, 1000).tested(), RowGroups.uniform(2, 2),
                table.tested());
        assertValues("scatterAdd", table, 0, 1011, 1012, 3, 4, 106, 107);
    }

    @Test void refuses() {
        var op = tested.embedding();
        Twin table = random(3, 2);
        Twin y = random(2, 2);
        assertRefused("gather", () -> op.gather(ints(0, 3).tested(), table.tested(), y.tested()));
        assertRefused("gather", () -> op.gather(ints(0, -1).tested(), table.tested(), y.tested()));
        assertRefused("gather", () -> op.gather(floats(0, 1).tested(), table.tested(), y.tested()));
        assertRefused("gather", () -> op.gather(ints(0, 1).tested(), table.tested(), random(2, 3).tested()));
        assertRefused("scatterAdd", () -> op.scatterAdd(ints(0, 3).tested(), y.tested(), RowGroups.single(2), table.tested()));
        assertRefused("scatterAdd", () -> op.scatterAdd(ints(0, 1).tested(), y.tested(), RowGroups.single(3), table.tested()));
        assertRefused("scatterAdd", () -> op.scatterAdd(ints(0, 1).tested(), y.tested(), RowGroups.single(2), matrix(BF16, 3, 2, new float[6])
                .tested()));
        assertRefused("gather", () -> op.gather(ints(0, 1).tested(), table.tested(), matrix(BF16, 2, 2, new float[4]).tested()));
        assertRefused("gather.*y .*overlaps table", () -> op.gather(ints(0, 1).tested(), table.tested(), table.tested().rows(1, 3)));
        assertRefused("scatterAdd.*dTable .*overlaps dy", () -> op.scatterAdd(ints(0, 1).tested(), table.tested().rows(1, 3), RowGroups.single(2),
                table.tested()));
    }
}
