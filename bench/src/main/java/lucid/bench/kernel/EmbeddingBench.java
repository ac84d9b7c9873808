package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// 640 rows out of a table of 20,000.
public class EmbeddingBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix table;
    private Matrix y;
    private Buffer ids;

    @Override void prepare() {
        table = random(20_000, COLS);
        y = random(ROWS, COLS);
        ids = ints(ROWS, 20_000);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "gather" -> 2 * MATRIX;
            case "scatterAdd" -> 3 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Override Comparison comparison(String kernel) {
        return kernel.equals("gather") ? new Comparison(kernel, this::gather, y, 0, Matrix.row(ids), table)
                : new Comparison(kernel, this::scatterAdd, table, 1e-6, Matrix.row(ids), y, table);
    }

    @Benchmark public void gather() { device.embedding().gather(ids, table, y); }

    @Benchmark public void gather_libtorch() { peer(); }

    @Benchmark public void scatterAdd() { device.embedding().scatterAdd(ids, y, RowGroups.single(ROWS), table); }

    @Benchmark public void scatterAdd_libtorch() { peer(); }
}
