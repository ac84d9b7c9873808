package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.BF16;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.cuda.Bits.TwinBuffer;

/// Rows by index, both ways: ids that repeat within a block of rows and across blocks, groups without rows, rows at any alignment, wrong ids.
class CudaEmbeddingTest extends BitTest {
    /// Rows, columns, vocabulary, layout.
    private static final int[][] SHAPES = {{1, 1, 1, 0}, {3, 4, 2, 0}, {40, 129, 5, 1}, {65, 132, 7, 2}, {300, 33, 40, 0}, {520, 3, 9, 1},
            {257, 8, 20000, 2}};
    private static final List<Layout> LAYOUTS = List.of(Layout.DENSE, Layout.ODD, Layout.ALIGNED);

    CudaEmbeddingTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (int[] s : SHAPES)
            cases.add(new BitCase(s[0] + " rows of " + s[1] + " from " + s[2] + ", layout " + s[3], bits -> gatherAndScatter(bits, s)));
        cases.add(new BitCase("sign of zero", CudaEmbeddingTest::signOfZero));
        cases.add(new BitCase("wrong ids", CudaEmbeddingTest::wrongIds));
        return cases;
    }

    private static void gatherAndScatter(Bits bits, int[] shape) {
        int rows = shape[0];
        int cols = shape[1];
        int vocabulary = shape[2];
        Layout layout = LAYOUTS.get(shape[3]);
        int[] index = new int[rows];
        for (int r = 0; r < rows; r++) index[r] = bits.random.nextInt(vocabulary);
        TwinBuffer ids = bits.ints(index);
        Twin y = bits.random(rows, cols, layout);
        Twin wide = bits.random(vocabulary, cols, layout);
        bits.both((d, s) -> d.embedding().gather(ids.on(s), wide.on(s), y.on(s)));
        bits.assertSame("from f32", y);
        for (Layout l : LAYOUTS) {
            Twin narrow = CudaMatMulTest.weights(bits, BF16, vocabulary, cols, l);
            bits.both((d, s) -> d.embedding().gather(ids.on(s), narrow.on(s), y.on(s)));
            bits.assertSame("from bf16", y);
        }
        bits.both((d, s) -> d.embedding().scatterAdd(ids.on(s), y.on(s), new RowGroups(0, 0, rows / 3, rows / 3 + 1, rows, rows), wide.on(s)));
        bits.assertSame("scatterAdd", wide);
    }

    /// The sums of a group start from +0, so -0 + (+0 + -0) = +0; rows that nobody took stay -0.
    private static void signOfZero(Bits bits) {
        Twin table = bits.matrix(3, 2, Layout.DENSE, _ -> -0f);
        Twin dy = bits.matrix(2, 2, Layout.DENSE, _ -> -0f);
        TwinBuffer ids = bits.ints(1, 1);
        bits.both((d, s) -> d.embedding().scatterAdd(ids.on(s), dy.on(s), new RowGroups(0, 1, 2), table.on(s)));
        bits.assertSame("scatterAdd", table);
    }

    /// The least wrong row is named, a scatter leaves the table alone, and the device goes on working.
    private static void wrongIds(Bits bits) {
        Twin table = bits.random(5, 2, Layout.DENSE);
        Twin y = bits.random(300, 2, Layout.DENSE);
        for (int wrong : new int[] {-1, 5, Integer.MAX_VALUE}) {
            int[] index = new int[300];
            index[290] = -7;
            index[17] = wrong;
            TwinBuffer ids = bits.ints(index);
            bits.assertRefused((d, s) -> d.embedding().gather(ids.on(s), table.on(s), y.on(s)));
            bits.assertRefused((d, s) -> d.embedding().scatterAdd(ids.on(s), y.on(s), RowGroups.single(300), table.on(s)));
            bits.assertSame("table", table);
        }
        TwinBuffer ids = bits.ints(new int[300]);
        bits.both((d, s) -> d.embedding().gather(ids.on(s), table.on(s), y.on(s)));
        bits.assertSame("gather", y);
    }
}
