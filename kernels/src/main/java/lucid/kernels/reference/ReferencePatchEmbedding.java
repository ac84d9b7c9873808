package lucid.kernels.reference;

import static lucid.kernels.contract.operand.DType.U8;

import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.check.CheckedPatchEmbedding;
import lucid.kernels.contract.check.PatchGrid;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;

/// A convolution whose stride is its kernel's size: cut into patches, then one product. See [PatchEmbedding].
public final class ReferencePatchEmbedding extends CheckedPatchEmbedding {
    /// `out[n·patches + p] = weight · patch_p + bias + position_p`.
    @Override protected void embed(String operation, Buffer images, PatchGrid grid, Matrix weight, Matrix bias, Matrix positions, Matrix out) {
        int hidden = weight.rows();
        double[][] results = ReferenceMatMul.product(new Grid(grid).cut(images), Values.read(weight, true), hidden);
        double[] b = Values.read(bias)[0];
        double[][] position = positions == null ? new double[grid.patches()][hidden] : Values.read(positions);
        for (int row = 0; row < results.length; row++) {
            for (int c = 0; c < hidden; c++) results[row][c] += b[c] + position[row % grid.patches()][c];
        }
        Values.write(results, out);
    }

    @Override protected void cut(Buffer images, PatchGrid grid, Matrix out) { Values.write(new Grid(grid).cut(images), out); }

    @Override protected void paste(Matrix dPatches, PatchGrid grid, Buffer dPixels) {
        Grid of = new Grid(grid);
        double[] pixels = new double[Math.toIntExact(grid.values())];
        double[][] d = Values.read(dPatches);
        for (int row = 0; row < d.length; row++) {
            for (int e = 0; e < grid.length(); e++) pixels[of.planar(row, e)] = d[row][e];
        }
        Values.write(pixels, dPixels);
    }

    /// Where element e of patch row r lies: `r = image · patches + (py · columns + px)`, `e = (channel · patch + dy) · patch + dx`.
    private record Grid(PatchGrid of) {
        /// Index in planar `[n, 3, height, width]`.
        int planar(int row, int e) { return ((row / of.patches() * 3 + channel(e)) * of.height() + y(row, e)) * of.width() + x(row, e); }

        /// Index in interleaved `[n, height, width, 3]`.
        int interleaved(int row, int e) { return ((row / of.patches() * of.height() + y(row, e)) * of.width() + x(row, e)) * 3 + channel(e); }

        private int channel(int e) { return e / (of.patch() * of.patch()); }

        private int y(int row, int e) { return row % of.patches() / of.columns() * of.patch() + e / of.patch() % of.patch(); }

        private int x(int row, int e) { return row % of.patches() % of.columns() * of.patch() + e % of.patch(); }

        double[][] cut(Buffer images) {
            double[] values = Values.read(images);
            double[][] cut = new double[of.rows()][of.length()];
            for (int row = 0; row < cut.length; row++) {
                for (int e = 0; e < of.length(); e++) {
                    cut[row][e] = images.dtype() == U8 ? normalised(values[interleaved(row, e)]) : values[planar(row, e)];
                }
            }
            return cut;
        }

        /// SigLIP's image processor rescales in double, stores f32, then takes mean 0.5 and deviation 0.5 off in f32; the roundings are part of the
        /// model's input.
        private static double normalised(double pixel) {
            float rescaled = (float) (pixel * (1 / 255.0));
            return (rescaled - 0.5f) / 0.5f;
        }
    }
}
