package lucid.kernels.contract.operand;

/// Element types. Arithmetic is always f32; bf16 and f16 are ways to store weights, i32 carries ids and positions, u8 carries frames.
public enum DType {
    F32(4), BF16(2), F16(2), I32(4), I64(8), U8(1);

    private final int bytes;

    DType(int bytes) { this.bytes = bytes; }

    /// Bytes of one element.
    public int bytes() { return bytes; }
}
