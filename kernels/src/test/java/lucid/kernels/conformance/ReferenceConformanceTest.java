package lucid.kernels.conformance;

import lucid.kernels.ReferenceDevice;
import org.junit.jupiter.api.Nested;

/// The textbook itself: here the comparison with the oracle only shows that it is deterministic; the hand-computed cases, identities and central differences are what tests it.
class ReferenceConformanceTest {
    @Nested class MatMul extends MatMulContract {
        MatMul() { super(ReferenceDevice::new); }
    }

    @Nested class Elementwise extends ElementwiseContract {
        Elementwise() { super(ReferenceDevice::new); }
    }

    @Nested class Reduce extends ReduceContract {
        Reduce() { super(ReferenceDevice::new); }
    }
}
