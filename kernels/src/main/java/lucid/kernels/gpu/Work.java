package lucid.kernels.gpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Something that was queued on a GPU, kept so that it can be compared with what comes and queued again.
sealed interface Work {
    void queue(Gpu gpu);

    /// @param parameters a block's bytes
    record Launch(Kernel kernel, LaunchShape shape, MemorySegment parameters) implements Work {
        static Launch of(Kernel kernel, LaunchShape shape, MemorySegment parameters) {
            return new Launch(kernel, shape, MemorySegment.ofArray(parameters.toArray(ValueLayout.JAVA_BYTE)));
        }

        boolean is(Kernel k, LaunchShape s, MemorySegment p) { return kernel == k && shape.equals(s) && parameters.mismatch(p) < 0; }

        @Override public void queue(Gpu gpu) { kernel.again(shape, parameters); }
    }

    /// A copy from the host: what counts is where it goes; `content` is what it took there last.
    record CopyIn(long address, MemorySegment content) implements Work {
        static CopyIn of(long address, MemorySegment source) {
            return new CopyIn(address, MemorySegment.ofArray(source.toArray(ValueLayout.JAVA_BYTE)));
        }

        /// Takes the new content over if it goes to the same place.
        boolean takes(long to, MemorySegment source) {
            if (to != address || source.byteSize() != content.byteSize()) return false;
            content.copyFrom(source);
            return true;
        }

        @Override public void queue(Gpu gpu) { gpu.copyIn(address, content); }
    }

    record Copy(long target, long source, long bytes) implements Work {
        @Override public void queue(Gpu gpu) { gpu.copy(target, source, bytes); }
    }
}
