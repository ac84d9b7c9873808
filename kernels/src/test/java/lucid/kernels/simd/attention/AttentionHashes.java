package lucid.kernels.simd.attention;

import java.util.Arrays;
import lucid.kernels.SimdDevice;

/// Prints a hash of the bits of every attention case. [AttentionLawTest] runs it in child JVMs with other vector widths and thread counts.
final class AttentionHashes {
    private AttentionHashes() {}

    public static void main(String[] args) { System.out.println("bits " + hash(Integer.parseInt(args[0]))); }

    static String hash(int threads) {
        long hash = 1;
        try (SimdDevice device = new SimdDevice(threads)) {
            for (AttentionCase c : SimdAttentionTest.cases().toList()) {
                AttentionCase.Forward f = c.forward(device);
                AttentionCase.Backward b = c.backward(device, f);
                for (float[] a : new float[][] {f.out(), f.lse(), b.dq(), b.dk(), b.dv()}) {
                    int[] bits = new int[a.length];
                    for (int i = 0; i < a.length; i++) bits[i] = Float.floatToRawIntBits(a[i]);
                    hash = hash * 1_000_003 + Arrays.hashCode(bits);
                }
            }
        }
        return Long.toHexString(hash);
    }
}
