package lucid.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Made-up inputs for some rows of a kernel, and what it wrote. An element's input depends on its argument's name, the number of its row and its
/// column only, so that a row computed alone can be compared with the same row among others. Sizes beside rows and columns follow from the columns.
abstract class MadeUpRows {
    final Device device;
    /// The number of each row.
    final int[] ids;
    final int rows;
    final int cols;
    private final List<Buffer> open = new ArrayList<>();
    private final Map<String, float[]> results = new LinkedHashMap<>();

    MadeUpRows(Device device, int[] ids, int cols) {
        this.device = device;
        this.ids = ids;
        this.rows = ids.length;
        this.cols = cols;
    }

    /// What runs each family, under the name that [Device] has for it.
    abstract Map<String, Runnable> families();

    /// The results of all families.
    final Map<String, float[]> run() {
        families().values().forEach(Runnable::run);
        open.forEach(Buffer::close);
        return results;
    }

    /// A number in about ±3, by a mixing of (name, row, column).
    static float value(String name, int row, int col) {
        long h = (name.hashCode() * 31L + row) * 0x9E3779B97F4A7C15L + col * 0xD1B54A32D192ED03L;
        h = (h ^ h >>> 29) * 0xBF58476D1CE4E5B9L;
        h = (h ^ h >>> 32) * 0x94D049BB133111EBL;
        return (float) ((h >> 40) * 0x1p-23 * 3);
    }

    /// A size between `from` and `to`.
    final int size(String name, int from, int to) { return from + Math.floorMod(Float.floatToIntBits(value(name, -1, cols)) >> 3, to - from + 1); }

    final Buffer allocate(DType type, long length) {
        Buffer b = device.allocate(type, length);
        open.add(b);
        return b;
    }

    final Matrix matrix(int r, int c) { return Matrix.of(allocate(DType.F32, (long) r * c), r, c); }

    static float[] values(String name, int[] ids, int c) {
        float[] data = new float[ids.length * c];
        for (int i = 0; i < data.length; i++) data[i] = value(name, ids[i / c], i % c);
        return data;
    }

    final Matrix input(String name, int[] of, int c) {
        Matrix m = matrix(of.length, c);
        device.write(m.buffer(), 0, values(name, of, c));
        return m;
    }

    final Matrix input(String name, int c) { return input(name, ids, c); }

    final Matrix input(String name) { return input(name, cols); }

    final Matrix shared(String name, int r, int c) { return input(name, IntStream.range(0, r).toArray(), c); }

    final Matrix stored(Matrix x, DType type) {
        if (type == DType.F32) return x;
        Matrix y = Matrix.of(allocate(type, x.size()), x.rows(), x.cols());
        device.conversion().convert(x, y);
        return y;
    }

    final Buffer ints(int... values) {
        Buffer b = allocate(DType.I32, values.length);
        device.write(b, 0, values);
        return b;
    }

    /// A number below `limit` for each row.
    final int[] below(String name, int limit) {
        return Arrays.stream(ids).map(id -> Math.floorMod(Float.floatToIntBits(value(name, id, 0)), limit)).toArray();
    }

    final void keep(String name, Matrix m) {
        float[] data = new float[Math.toIntExact(m.size())];
        device.read(m.buffer(), 0, data);
        keep(name, data);
    }

    final void keep(String name, float[] data) {
        if (results.put(name, data) != null) throw new IllegalStateException("two results are named " + name);
    }

    /// Uneven groups, one of them empty.
    final RowGroups groups() { return rows < 3 ? RowGroups.single(rows) : new RowGroups(0, rows / 3, rows / 3, rows); }
}
