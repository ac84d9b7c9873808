package lucid.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.host.HostArray;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.host.HostMemory;

/// What the two CPU devices share: memory and transfers. Everything is synchronous.
abstract sealed class HostDevice implements Device permits ReferenceDevice, SimdDevice {
    private final HostMemory memory = new HostMemory(name());

    @Override public Buffer allocate(DType dtype, long length) { return memory.allocate(dtype, length); }

    @Override public Buffer adopt(DType dtype, MemorySegment segment) { return memory.wrap(dtype, segment); }

    @Override public void prepack(Matrix w) { ProductArguments.prepack(w); }

    @Override public Optional<PackedOrder> packedOrder() { return Optional.empty(); }

    @Override public void write(Buffer target, long offset, Object array) {
        MemorySegment source = HostArray.segment(target.dtype(), array, "write");
        long at = HostArray.byteOffset(target, offset, source.byteSize(), "write");
        MemorySegment.copy(source, 0, HostBuffer.of(target).segment(), at, source.byteSize());
    }

    @Override public void read(Buffer source, long offset, Object array) {
        MemorySegment target = HostArray.segment(source.dtype(), array, "read");
        long at = HostArray.byteOffset(source, offset, target.byteSize(), "read");
        MemorySegment.copy(HostBuffer.of(source).segment(), at, target, 0, target.byteSize());
    }

    @Override public Repetition repetition() { return Repetition.PLAIN; }

    @Override public long liveBytes() { return memory.liveBytes(); }

    @Override public long peakBytes() { return memory.peakBytes(); }

    /// Buffers that are closed are kept for the next ones only as long as all together have no more than so many bytes. Without a limit they may be
    /// as much again as what lives.
    public void limitMemory(long bytes) { memory.limit(bytes); }

    /// Bytes of the buffers that live and of those that are kept for the next ones.
    public long heldBytes() { return memory.heldBytes(); }

    @Override public void close() { memory.close(); }

    @Override public String toString() { return description(); }
}
