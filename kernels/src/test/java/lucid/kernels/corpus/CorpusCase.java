package lucid.kernels.corpus;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.tensor.form.Swizzle;

/// One launch of a corpus kernel: geometry, arguments, and what must stand in its output buffers afterwards.
///
/// The expected values come from plain loops in double; each has its own bound, and the case says where the bound comes from.
record CorpusCase(String kernel, String label, int[] grid, int[] block, int[] cluster, int shared, List<Argument> arguments,
        List<Expected> expected) {
    /// What a kernel's parameter gets.
    sealed interface Argument {
        String name();
    }

    record Whole(String name, int value) implements Argument {
    }

    record Real(String name, float value) implements Argument {
    }

    /// A buffer of `bytes` bytes: its content, or uninitialised memory when `content` is null. A hidden one is reached through a tensor map only.
    record Array(String name, int bytes, byte[] content, boolean hidden) implements Argument {
    }

    /// A tensor map over the hidden buffer `array`; `strides` in bytes, from dimension 1 on.
    record Map(String name, String array, TensorMap.Type type, long[] dims, long[] strides, int[] box, Swizzle swizzle) implements Argument {
    }

    /// How a buffer's bytes become numbers.
    enum Format { F32, BF16, U32, S32 }

    /// Element i of the buffer must be within `bounds[i]` of `values[i]`; a bound of 0 means equal.
    record Expected(String array, Format format, double[] values, double[] bounds) {
    }

    static Builder of(String kernel, String label) {
        return new Builder(kernel, label);
    }

    @Override public String toString() {
        return kernel + " " + label;
    }

    /// Collects a case.
    static final class Builder {
        private final String kernel;
        private final String label;
        private int[] grid = {1, 1, 1};
        private int[] block = {1, 1, 1};
        private int[] cluster = {1, 1, 1};
        private int shared;
        private final List<Argument> arguments = new ArrayList<>();
        private final List<Expected> expected = new ArrayList<>();

        private Builder(String kernel, String label) {
            this.kernel = kernel;
            this.label = label;
        }

        Builder grid(int x, int y, int z) {
            grid = new int[] {x, y, z};
            return this;
        }

        Builder block(int x, int y) {
            block = new int[] {x, y, 1};
            return this;
        }

        Builder cluster(int x) {
            cluster = new int[] {x, 1, 1};
            return this;
        }

        Builder shared(int bytes) {
            shared = bytes;
            return this;
        }

        Builder u32(String name, int value) {
            arguments.add(new Whole(name, value));
            return this;
        }

        Builder f32(String name, float value) {
            arguments.add(new Real(name, value));
            return this;
        }

        Builder in(String name, byte[] content) {
            arguments.add(new Array(name, content.length, content, false));
            return this;
        }

        /// A buffer that the kernel writes: uninitialised before.
        Builder out(String name, Format format, double[] values, double[] bounds) {
            arguments.add(new Array(name, values.length * size(format), null, false));
            expected.add(new Expected(name, format, values, bounds));
            return this;
        }

        /// A buffer of zeros that the kernel adds to, or uses and leaves in a known state.
        Builder zeroed(String name, Format format, double[] values) {
            arguments.add(new Array(name, values.length * size(format), new byte[values.length * size(format)], false));
            expected.add(new Expected(name, format, values, new double[values.length]));
            return this;
        }

        Builder scratch(String name, int bytes) {
            arguments.add(new Array(name, bytes, null, false));
            return this;
        }

        /// A tensor map of a matrix (or, with `rows` 0, of a vector) that the kernel reads.
        Builder mapIn(String name, TensorMap.Type type, int rows, int cols, int boxRows, int boxCols, Swizzle swizzle, byte[] content) {
            arguments.add(new Array(name + ".data", content.length, content, true));
            arguments.add(map(name, type, rows, cols, boxRows, boxCols, swizzle));
            return this;
        }

        Builder mapOut(String name, TensorMap.Type type, int rows, int cols, int boxRows, int boxCols, Swizzle swizzle, Format format,
                double[] values, double[] bounds) {
            arguments.add(new Array(name + ".data", values.length * size(format), null, true));
            arguments.add(map(name, type, rows, cols, boxRows, boxCols, swizzle));
            expected.add(new Expected(name + ".data", format, values, bounds));
            return this;
        }

        private static Map map(String name, TensorMap.Type type, int rows, int cols, int boxRows, int boxCols, Swizzle swizzle) {
            boolean vector = rows == 0;
            long[] dims = vector ? new long[] {cols} : new long[] {cols, rows};
            long[] strides = vector ? new long[0] : new long[] {(long) cols * type.bytes()};
            int[] box = vector ? new int[] {boxCols} : new int[] {boxCols, boxRows};
            return new Map(name, name + ".data", type, dims, strides, box, swizzle);
        }

        CorpusCase build() {
            return new CorpusCase(kernel, label, grid, block, cluster, shared, List.copyOf(arguments), List.copyOf(expected));
        }

        private static int size(Format format) {
            return format == Format.BF16 ? 2 : 4;
        }
    }
}
