package lucid.tensor;

import java.util.Arrays;
import java.util.List;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Rows by index, and patches of images. See [Embedding] and [PatchEmbedding].
public sealed interface IndexOp extends Op {
    /// `y[r] = table[ids[r]]`; the gradient is scattered by the groups of the ids' rows.
    ///
    /// @param groups of the ids; null: one group
    record Gather(Tensor table, Tensor ids, RowGroups groups) implements IndexOp {
        public Gather {
            if (ids.dtype() != DType.I32) throw ShapeException.of("gatherRows", table, ids, "i32 row numbers");
            checkGroups("gatherRows", groups, ids.shape().size());
        }

        @Override public List<Tensor> inputs() { return List.of(table, ids); }

        @Override public Shape shape() {
            int[] d = ids.shape().dims();
            int[] dims = Arrays.copyOf(d, d.length + 1);
            dims[d.length] = table.shape().cols();
            return new Shape(dims);
        }

        @Override public void forward(Tensor y) { table.device().embedding().gather(ids.buffer(), table.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (g.wants(table)) table.device().embedding().scatterAdd(ids.buffer(), dy, y.rowGroups(), g.adding(table));
        }
    }

    private static void checkGroups(String operation, RowGroups groups, int rows) {
        if (groups != null && groups.rows() != rows)
            throw new ShapeException(operation + ": the groups cover " + groups.rows() + " rows; wanted " + rows);
    }

    /// Images to rows: [n, patches, hidden].
    ///
    /// @param groups of the result's rows, each of whole images; null: one group
    record PatchEmbed(Tensor images, Tensor weight, Tensor bias, Tensor positions, int patch, RowGroups groups) implements IndexOp {
        public PatchEmbed {
            Shape s = images.shape();
            boolean frames = images.dtype() == DType.U8;
            if (s.rank() != 4 || s.dim(frames ? 3 : 1) != 3 || (!frames && images.dtype() != DType.F32))
                throw ShapeException.of("patchEmbedding", images,
                    "u8 frames [n, height, width, 3] or f32 pixels [n, 3, height, width]");
            if (patch <= 0) throw new ShapeException("patchEmbedding: patch size " + patch + "; wanted > 0");
            if (weight.shape().cols() != 3 * patch * patch)
                throw ShapeException.of("patchEmbedding", weight, "a weight [hidden, " + 3 * patch * patch + "]");
            if (bias.shape().rows() != 1 || bias.shape().cols() != weight.shape().rows()) {
                throw ShapeException.of("patchEmbedding", weight, bias, "a bias [" + weight.shape().rows() + "]");
            }
            int patches = (s.dim(frames ? 1 : 2) / patch) * (s.dim(frames ? 2 : 3) / patch);
            if (patches == 0) throw ShapeException.of("patchEmbedding", images, "images of at least one patch of " + patch + " x " + patch);
            if (positions != null) {
                if (positions.shape().rows() != patches || positions.shape().cols() != weight.shape().rows())
                    throw ShapeException.of("patchEmbedding", images, positions,
                        "positions [" + patches + ", " + weight.shape().rows() + "]");
            }
            checkGroups("patchEmbedding", groups, s.dim(0) * patches);
            if (groups != null && Arrays.stream(groups.offsets()).anyMatch(o -> o % patches != 0)) {
                throw new ShapeException("patchEmbedding: " + groups + " divide an image of " + patches + " patches; wanted groups of whole images");
            }
        }

        @Override public List<Tensor> inputs() {
            return positions == null ? List.of(images, weight, bias) : List.of(images, weight, bias, positions);
        }

        @Override public Shape shape() { return new Shape(n(), patches(), weight.shape().rows()); }

        private boolean frames() { return images.dtype() == DType.U8; }

        private int n() { return images.shape().dim(0); }

        private int height() { return images.shape().dim(frames() ? 1 : 2); }

        private int width() { return images.shape().dim(frames() ? 2 : 3); }

        private int patches() { return (height() / patch) * (width() / patch); }

        private PatchEmbedding kernels() { return images.device().patchEmbedding(); }

        @Override public void forward(Tensor y) {
            Matrix table = positions == null ? null : positions.matrix();
            if (frames()) kernels().forwardFrames(images.buffer(), n(), height(), width(), patch, weight.matrix(), bias.matrix(), table, y.matrix());
            else kernels().forwardPixels(images.buffer(), n(), height(), width(), patch, weight.matrix(), bias.matrix(), table, y.matrix());
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            RowGroups groups = y.rowGroups();
            if (g.wants(bias)) images.device().reduce().columnSums(dy, groups, g.adding(bias));
            if (g.wants(weight)) {
                Matrix patches = g.temporary(dy.rows(), weight.shape().cols());
                kernels().patches(images.buffer(), n(), height(), width(), patch, patches);
                images.device().matMul().gradWeight(dy, patches, groups, g.adding(weight));
                g.free(patches);
            }
            if (g.wants(positions)) {
                Matrix d = g.adding(positions);
                int size = patches() * dy.cols();
                images.device().reduce().columnSums(new Matrix(dy.buffer(), dy.offset(), n(), size, size), imageGroups(groups),
                        new Matrix(d.buffer(), d.offset(), 1, size, size));
            }
            if (g.wants(images)) pixelGradient(dy, g);
        }

        private void pixelGradient(Matrix dy, Gradients g) {
            Matrix patches = g.temporary(dy.rows(), weight.shape().cols());
            images.device().matMul().multiply(dy, false, weight.matrix(), false, null, Accumulate.SET, patches);
            Gradients.Target t = g.overwriting(images);
            kernels().patchesBackward(patches, n(), height(), width(), patch, t.matrix().buffer());
            g.finish(images, t);
            g.free(patches);
        }

        /// Groups of rows as groups of images.
        private RowGroups imageGroups(RowGroups rows) { return new RowGroups(Arrays.stream(rows.offsets()).map(o -> o / patches()).toArray()); }
    }
}
