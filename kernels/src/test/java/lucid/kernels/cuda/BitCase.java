package lucid.kernels.cuda;

import java.util.function.Consumer;

/// Something that a family's kernels must do with the CPU's bits. A test runs it on sound kernels, [CudaMutantTest] on kernels with a fault.
record BitCase(String name, Consumer<Bits> body) {
    @Override public String toString() { return name; }
}
