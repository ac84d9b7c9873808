package lucid.kernels.cuda.launch;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.operand.Matrix;

/// Makes factors: the matrix itself where that will do, otherwise a rounded (to nearest even) or moved copy.
///
/// A buffer's last copy is kept until the buffer may have changed ([CudaBuffer#version]) or is closed, because products come in families: q, k and v
/// of one x, gate and up, the two gradients of one dy, a weight in every micro-batch. What is kept is bounded, does not count as live memory, and
/// gives way when memory runs short.
public final class Bf16Factors {
    /// Enough for the activations of a layer of the 3B model: 8,896 rows of 11,008 are 187 MiB.
    private static final long MOST_BYTES = 512L << 20;

    private final Kernels kernels;
    private final Conversion conversion;
    private final Elementwise elementwise;
    private final long most;
    /// By source; the one used last is the last.
    private final LinkedHashMap<CudaBuffer, Copy> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    public Bf16Factors(Kernels kernels, Conversion conversion, Elementwise elementwise) { this(kernels, conversion, elementwise, MOST_BYTES); }

    /// @param most bytes that are kept; shows in no bit
    Bf16Factors(Kernels kernels, Conversion conversion, Elementwise elementwise, long most) {
        this.kernels = kernels;
        this.conversion = conversion;
        this.elementwise = elementwise;
        this.most = most;
        kernels.givesWay(this::giveBack);
    }

    /// A copy of a matrix as its buffer was at a version.
    private static final class Copy {
        private final Matrix of;
        private final long version;
        private final Matrix view;
        private final CudaBuffer own;
        private int users;

        private Copy(Matrix of, long version, Matrix view, CudaBuffer own) {
            this.of = of;
            this.version = version;
            this.view = view;
            this.own = own;
        }

        private Bf16Factor use() {
            users++;
            return new Bf16Factor(view, () -> users--);
        }
    }

    /// The factor of a matrix: the matrix itself where it serves, a copy that is still good, or a new one.
    public Bf16Factor of(Matrix m) {
        CudaBuffer source = CudaBuffer.of(m.buffer());
        if (m.dtype() == BF16 && (source.source() + m.offset() * 2 | m.stride() * 2) % 16 == 0) return new Bf16Factor(m, () -> {});
        Copy old = kept.get(source);
        if (old != null && old.version == source.version() && old.of.equals(m)) return old.use();
        long stride = (m.cols() + 7L) / 8 * 8;
        long size = 2 * stride * m.rows();
        boolean keep = size <= most && (old == null || old.users == 0);
        if (keep) closed(source);
        CudaBuffer own = keep ? kernels.aside(BF16, stride * m.rows()) : kernels.scratch(BF16, stride * m.rows());
        Matrix view = new Matrix(own, 0, m.rows(), m.cols(), stride);
        try {
            fill(m, view);
        } catch (RuntimeException e) {
            own.close();
            throw e;
        }
        if (!keep) return new Bf16Factor(view, own::close);
        Copy copy = new Copy(m, source.version(), view, own);
        kept.put(source, copy);
        bytes += size;
        source.keptBy(this);
        Bf16Factor factor = copy.use();
        shrink(most);
        return factor;
    }

    private void fill(Matrix m, Matrix view) {
        if (m.dtype() == BF16) {
            elementwise.copy(m, view);
        } else if (m.dtype() == F16) {
            try (CudaBuffer memory = kernels.scratch(F32, m.size())) {
                Matrix wide = Matrix.of(memory, m.rows(), m.cols());
                conversion.convert(m, wide);
                conversion.convert(wide, view);
            }
        } else {
            conversion.convert(m, view);
        }
    }

    /// A buffer is about to go, and its copy with it.
    void closed(CudaBuffer source) {
        Copy copy = kept.remove(source);
        if (copy != null) release(copy);
    }

    private void release(Copy copy) {
        bytes -= copy.own.bytes();
        copy.own.close();
    }

    /// All that nobody uses.
    private void giveBack() { shrink(0); }

    /// Down to so many bytes, the oldest first; what is in use stays.
    private void shrink(long limit) {
        Iterator<Map.Entry<CudaBuffer, Copy>> oldest = kept.entrySet().iterator();
        while (bytes > limit && oldest.hasNext()) {
            Copy copy = oldest.next().getValue();
            if (copy.users > 0) continue;
            oldest.remove();
            release(copy);
        }
    }

    /// Bytes of the copies.
    long bytes() { return bytes; }
}
