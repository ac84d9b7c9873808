package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ShapeTest {
    private final Device device = new ReferenceDevice();
    private final Scope scope = Scope.open(device);

    @AfterEach void close() {
        scope.close();
        device.close();
    }

    private Tensor t(int... dims) { return Tensor.zeros(scope, dims); }

    private static void refused(String words, Runnable run) {
        var e = assertThrows(ShapeException.class, run::run);
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    @Test void rowsAndColumns() {
        Shape s = new Shape(2, 3, 4);
        assertEquals(6, s.rows());
        assertEquals(4, s.cols());
        assertEquals(4, s.dim(-1));
        assertEquals(new Shape(2, 3, 7), s.withCols(7));
        assertEquals(1, new Shape().size());
        assertEquals(1, new Shape(5).rows());
        assertEquals("[2, 3, 4]", s.toString());
        refused("dimension 3 of [2, 3, 4]", () -> s.dim(3));
        refused("negative", () -> new Shape(2, -1));
        refused("2^31", () -> new Shape(1 << 16, 1 << 16));
    }

    @Test void everyOperationNamesWhatDoesNotFit() {
        Tensor x = t(4, 6);
        refused("linear: f32[4, 6] with f32[3, 5]; wanted a weight [out, 6]", () -> x.linear(t(3, 5), null));
        refused("a bias [3]", () -> x.linear(t(3, 6), t(4)));
        refused("add: f32[4, 6] with f32[2, 6]", () -> x.add(t(2, 6)));
        refused("sub: f32[] with f32[4, 6]; wanted a second operand of 1 rows and 1 columns (only the second is spread)", () -> t().sub(x));
        refused("matmul", () -> x.matmul(t(4, 6)));
        refused("found 4 and 6 (transposed: first)", () -> x.matmul(t(6, 4), true, false));
        refused("rmsNorm", () -> x.rmsNorm(t(5), 1e-6f));
        refused("layerNorm", () -> x.layerNorm(t(6), t(7), 1e-6f));
        refused("swiGlu", () -> x.swiGlu(t(4, 5)));
        refused("reshape to [5, 5]", () -> x.reshape(5, 5));
        refused("rows 2 .. 5", () -> x.rows(2, 5));
        refused("cols 4 .. 7", () -> x.cols(4, 7));
        refused("concatRows", () -> Tensor.concatRows(List.of(x, t(4, 5))));
        refused("concat of nothing", () -> Tensor.concatRows(List.of()));
        refused("i32 row numbers", () -> x.gatherRows(t(3)));
        refused("one per row (4)", () -> Tensor.crossEntropy(x, Tensor.ints(scope, new int[3], 3)));
        refused("a head [vocabulary, 6]", () -> Tensor.logProb(x, t(9, 5), Tensor.ints(scope, new int[4], 4), 1f));
        refused("the groups 5", () -> x.withRowGroups(RowGroups.single(5)));
        refused("weightedSum", () -> x.weightedSum(t(23)));
        refused("their rows are not adjacent", () -> x.weightedSum(t(3, 9).cols(0, 8)));
        refused("a tensor of one element", x::item);
        refused("wanted 6 numbers", () -> Tensor.of(scope, new float[5], 2, 3));
        refused("u8 frames", () -> x.patchEmbedding(t(2, 12), t(2), null, 2, null));
        refused("i32 positions", () -> x.rotate(Tensor.ints(scope, new int[3], 3), t(9, 1), t(9, 1), 2));
    }

    /// Refused before anything is computed, and so before anything is allocated.
    @Test void reductionsWantF32() {
        Tensor ids = Tensor.ints(scope, new int[6], 2, 3);
        Tensor x = t(2, 3);
        long live = device.liveBytes();
        refused("sum: i32[2, 3]; wanted f32", ids::sum);
        refused("rowSum: i32", ids::rowSum);
        refused("rowMax: i32", ids::rowMax);
        refused("softmax: i32", ids::softmax);
        refused("weightedSum: i32", () -> ids.weightedSum(x));
        refused("weightedSum: i32", () -> x.weightedSum(ids));
        assertEquals(live, device.liveBytes());
    }

    @Test void patchEmbeddingWantsGroupsOfWholeImages() {
        Tensor images = t(2, 3, 4, 4);
        refused("RowGroups[0, 3, 8] divide an image of 4 patches", () -> images.patchEmbedding(t(5, 12), t(5), null, 2, new RowGroups(0, 3, 8)));
        assertEquals(new Shape(2, 4, 5), images.patchEmbedding(t(5, 12), t(5), t(4, 5), 2, new RowGroups(0, 4, 8)).shape());
        refused("at least one patch of 5 x 5", () -> images.patchEmbedding(t(5, 75), t(5), t(0, 5), 5, null));
    }

    @Test void rotaryTablesAreConstants() {
        Tensor positions = Tensor.ints(scope, new int[4], 4);
        Parameter cos = new Parameter("cos", t(9, 1));
        var e = assertThrows(IllegalArgumentException.class, () -> t(4, 6).rotate(positions, cos.value(), t(9, 1), 2));
        assertTrue(e.getMessage().contains("a table that requires a gradient"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> t(4, 6).rotate(positions, t(9, 1), cos.value(), 2));
        try (var _ = Tape.noGrad()) {
            t(4, 6).rotate(positions, cos.value(), cos.value(), 2);
        }
        cos.trainable(false);
        t(4, 6).rotate(positions, cos.value(), cos.value(), 2);
    }

    @Test void attentionWantsEveryQueryNamed() {
        AttentionPlan plan = new AttentionPlan(2, 1, 3, List.of(Span.causal(0, 3)));
        refused("the plan names 3", () -> t(4, 6).attention(t(4, 3), t(4, 3), plan, 1f));
        refused("1 heads of 3 as columns of the keys", () -> t(3, 6).attention(t(3, 6), t(3, 6), plan, 1f));
    }

    /// The device's part of the checks: what a plan says of itself, and how far it reaches.
    @Test void attentionStaysInsideItsRows() {
        refusedByTheDevice("key rows up to 2 but k is f32[2 x 3]", 3, 2, Span.causal(0, 3));
        refusedByTheDevice("query rows up to 3 but q is f32[3 x 6]", 3, 4, Span.causal(1, 3));
        refusedByTheDevice("two spans have query row 1", 4, 4, Span.causal(0, 2), Span.causal(1, 2));
    }

    private void refusedByTheDevice(String words, int queries, int keys, Span... spans) {
        AttentionPlan plan = new AttentionPlan(2, 1, 3, List.of(spans));
        var e = assertThrows(IllegalArgumentException.class, () -> t(queries, 6).attention(t(keys, 3), t(keys, 3), plan, 1f));
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    @Test void viewsShareMemoryAndCopiesDoNot() {
        Tensor x = Tensor.of(scope, new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor column = x.cols(1, 2);
        Tensor copy = column.copy();
        x.copyFrom(t(2, 3));
        assertArrayEquals(new float[] {0, 0}, column.toFloats());
        assertArrayEquals(new float[] {2, 5}, copy.toFloats());
        assertArrayEquals(new int[] {7, 9}, Tensor.ints(scope, new int[] {6, 7, 8, 9}, 2, 2).cols(1, 2).toInts());
        refused("take copy()", () -> x.rows(1, 2).buffer());
    }

    /// A range of no columns has no elements, so nothing stands between its rows.
    @Test void nothingIsDense() {
        Tensor nothing = t(4, 6).cols(2, 2);
        assertEquals(new Shape(7, 0), nothing.reshape(7, 0).shape());
        assertEquals(new Shape(0), nothing.reshape(0).shape());
        nothing.requireGrad().reshape(1, 0).rowSum().sum().backward();
        assertEquals(new Shape(4, 0), nothing.grad().shape());
    }

    @Test void rowGroupsFollowTheRows() {
        RowGroups groups = new RowGroups(0, 1, 4);
        Tensor x = t(4, 6).withRowGroups(groups);
        assertEquals(groups, x.scale(2f).add(t(6)).cols(0, 2).rowGroups());
        assertEquals(groups, t(4, 6).add(x).rowGroups());
        assertEquals(groups, x.reshape(2, 2, 6).linear(t(3, 6), null).rowGroups());
        assertEquals(RowGroups.single(2), x.rows(0, 2).rowGroups());
        assertEquals(RowGroups.single(8), x.reshape(8, 3).rowGroups());
        assertEquals(RowGroups.single(4), x.gatherRows(0, 1, 2, 3).rowGroups());
        assertEquals(groups, x.gatherRows(Tensor.ints(scope, new int[4], 4), groups).rowGroups());
    }

    @Test void conversionRoundsToNearestEven() {
        Tensor x = Tensor.of(scope, new float[] {1f, 1f + 1f / 256, 1f + 3f / 256, -2.5f}, 4);
        Tensor half = x.to(DType.BF16);
        assertEquals(DType.BF16, half.dtype());
        assertArrayEquals(new float[] {1f, 1f, 1f + 4f / 256, -2.5f}, half.toFloats());
        Tensor same = x.requireGrad().to(DType.F32);
        x.copyFrom(t(4));
        assertArrayEquals(new float[] {1f, 1f + 1f / 256, 1f + 3f / 256, -2.5f}, same.toFloats(), "a copy, whatever the type was");
        assertFalse(same.requiresGrad());
    }
}
