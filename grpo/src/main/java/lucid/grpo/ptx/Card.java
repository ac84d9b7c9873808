package lucid.grpo.ptx;

/// A GPU's limits, for estimates only (data sheets: dense tensor-core peak in bf16, f32 outside the tensor cores, memory bandwidth).
///
/// @see Work
enum Card {
    A100(312e12, 19.5e12, 2.039e12), H100(989e12, 67e12, 3.35e12), H200(989e12, 67e12, 4.8e12), RTX4090(165e12, 82.6e12, 1.008e12);

    final double tensorFlops;
    final double flops;
    final double bytesPerSecond;

    Card(double tensorFlops, double flops, double bytesPerSecond) {
        this.tensorFlops = tensorFlops;
        this.flops = flops;
        this.bytesPerSecond = bytesPerSecond;
    }
}
