package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Collectors;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Variable;

/// The parameters of one launch, written straight into the block that the driver reads: no object per argument.
/// Number and type of the parameters, and the shape, are checked against the kernel's declaration before anything runs.
public final class Call {
    private final Kernel kernel;
    private final List<Variable> parameters;
    private final MemorySegment values;
    private int next;

    /// @param memory gives the block
    Call(Kernel kernel, SegmentAllocator memory) {
        this.kernel = kernel;
        this.parameters = kernel.parameters();
        this.values = memory.allocate(Math.max(8, kernel.entry().parameterBytes()), 64);
    }

    /// The block, with all these values in it.
    MemorySegment block(MemorySegment all) { return values.copyFrom(all); }

    Call begin() {
        next = 0;
        return this;
    }

    /// A device address (`.u64`), or any 64-bit number.
    public Call u64(long value) {
        values.set(ValueLayout.JAVA_LONG_UNALIGNED, take(PtxType.U64, PtxType.B64, PtxType.S64).offset(), value);
        return this;
    }

    /// A 32-bit number.
    public Call u32(int value) {
        values.set(ValueLayout.JAVA_INT_UNALIGNED, take(PtxType.U32, PtxType.B32, PtxType.S32).offset(), value);
        return this;
    }

    public Call f32(float value) {
        values.set(ValueLayout.JAVA_FLOAT_UNALIGNED, take(PtxType.F32, PtxType.F32, PtxType.F32).offset(), value);
        return this;
    }

    public Call f64(double value) {
        values.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, take(PtxType.F64, PtxType.F64, PtxType.F64).offset(), value);
        return this;
    }

    /// A parameter that is an array of bytes, such as a tensor map.
    public Call bytes(MemorySegment value) {
        Variable parameter = parameter();
        if (parameter.bytes() != value.byteSize()) throw refuse(parameter, value.byteSize() + " bytes");
        MemorySegment.copy(value, 0, values, parameter.offset(), value.byteSize());
        return this;
    }

    private Variable parameter() {
        if (next >= parameters.size())
            throw new IllegalArgumentException("launch of " + kernel.name() + ": more than its " + parameters.size() + " parameters " + names()
                    + " were given");
        return parameters.get(next++);
    }

    private Variable take(PtxType a, PtxType b, PtxType c) {
        Variable parameter = parameter();
        PtxType type = parameter.type();
        if (type != a && type != b && type != c || parameter.bytes() != type.bytes()) throw refuse(parameter, "a value of type ." + a.text());
        return parameter;
    }

    private IllegalArgumentException refuse(Variable parameter, String found) {
        return new IllegalArgumentException("launch of " + kernel.name() + ": parameter " + (next - 1) + " '" + parameter.name() + "' got " + found
                + "; wanted ."
                + parameter.type().text() + " of " + parameter.bytes() + " bytes");
    }

    private String names() { return parameters.stream().map(Variable::name).toList().toString(); }

    /// Launches on a one-dimensional grid.
    public void launch(long blocks, int threads) { launch(blocks, 1, 1, threads, 1, 0); }

    /// Launches.
    public void launch(long gridX, long gridY, long gridZ, int blockX, int blockY, int sharedBytes) {
        if (next != parameters.size()) {
            throw new IllegalArgumentException("launch of " + kernel.name() + ": " + next + " parameters were given; wanted " + parameters.size()
                    + " " + names());
        }
        Gpu.Limits limits = kernel.limits();
        check("grid.x", gridX, limits.gridX());
        check("grid.y", gridY, Gpu.Limits.GRID_YZ);
        check("grid.z", gridZ, Gpu.Limits.GRID_YZ);
        check("threads of a block", (long) blockX * blockY, limits.threads());
        long shared = kernel.sharedBytes() + sharedBytes;
        if (shared > limits.sharedBytes()) {
            throw new IllegalArgumentException("launch of " + kernel.name() + ": " + shared + " bytes of shared memory; wanted at most "
                    + limits.sharedBytes() + " on this GPU");
        }
        kernel.launch(new LaunchShape((int) gridX, (int) gridY, (int) gridZ, blockX, blockY, sharedBytes), values);
    }

    private void check(String what, long found, long limit) {
        if (found < 1 || found > limit)
            throw new IllegalArgumentException("launch of " + kernel.name() + ": " + what + " is " + found + "; wanted 1 .. " + limit);
    }

    /// Name and value of every parameter, for messages.
    static String describe(Kernel kernel, MemorySegment values) {
        return kernel.parameters().stream().map(p -> p.name() + " = " + value(p, values)).collect(Collectors.joining(", "));
    }

    private static String value(Variable p, MemorySegment values) {
        if (p.bytes() != p.type().bytes()) return p.bytes() + " bytes";
        if (p.type() == PtxType.F32) return Float.toString(values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, p.offset()));
        if (p.type() == PtxType.F64) return Double.toString(values.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, p.offset()));
        return p.bytes() == 8 ? "0x" + Long.toHexString(values.get(ValueLayout.JAVA_LONG_UNALIGNED, p.offset()))
                : Integer.toString(values.get(ValueLayout.JAVA_INT_UNALIGNED, p.offset()));
    }
}
