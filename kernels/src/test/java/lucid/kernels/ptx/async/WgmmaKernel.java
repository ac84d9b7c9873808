package lucid.kernels.ptx.async;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// One `wgmma` through a whole kernel: the host lays both factors out in shared memory by the formulas of the ISA, the kernel brings the image
/// there, multiplies, and hands out every register of every thread: `out[(thread * registers + i) * 4]`.
final class WgmmaKernel {
    /// A factor of the product.
    ///
    /// @param width of the swizzle in bytes, 0 for none
    /// @param mnMajor rows (or columns) contiguous instead of k
    /// @param size bytes of an element
    record Layout(int width, boolean mnMajor, int size) {
        private static final int[] CODES = new int[129];

        static {
            CODES[128] = 1;
            CODES[64] = 2;
            CODES[32] = 3;
        }

        /// Leading and stride byte offsets for a tile of `count` rows (or columns) that lies as closely as the layout allows.
        int leading(int count, int k) {
            if (!mnMajor) {
                return width > 0 ? 16 : count * 16;
            }
            return width > 0 ? k * width : count * size / 16 * 128;
        }

        int stride(int count) {
            if (!mnMajor) {
                return width > 0 ? 8 * width : 128;
            }
            return width > 0 ? 8 * width : 128;
        }

        /// Byte of element (mn, k), counted from a start that is a multiple of 1024 (spec of the matrix descriptor).
        int at(int mn, int k, int count, int depth) {
            int t = 16 / size;
            int plain;
            if (!mnMajor) {
                plain = width > 0 ? mn % 8 * width + mn / 8 * stride(count) + k * size : mn % 8 * 16 + mn / 8 * stride(count)
                        + k / t * leading(count, depth) + k % t * size;
            } else {
                plain = width > 0 ? mn * size % width + mn * size / width * leading(count, depth) + k % 8 * width + k / 8 * stride(count)
                        : mn % t * size + mn / t * stride(count) + k % 8 * 16 + k / 8 * leading(count, depth);
            }
            return width == 0 ? plain : plain ^ (plain >> 7 & width / 16 - 1) << 4;
        }

        long descriptor(int count, int depth) {
            return (long) leading(count, depth) >> 4 << 16 | (long) stride(count) >> 4 << 32 | (long) CODES[width] << 62;
        }
    }

    /// Writes the bits of element (mn, k).
    @FunctionalInterface
    interface Element {
        long bits(int mn, int k);
    }

    static final int B_AT = 32 * 1024;
    final int n;
    final int k;
    final int registers;
    private final String types;
    private final byte[] image = new byte[64 * 1024];
    private long a;
    private long b;
    String fragment = "";
    String left = "da";
    String flags = ", 1, 1, 0, 0";
    String scale = "0";
    String before = "";
    String fence = "wgmma.fence.sync.aligned;\n";
    String commit = "wgmma.commit_group.sync.aligned;\n";
    String wait = "wgmma.wait_group.sync.aligned 0;\n";
    String after = "";
    String proxy = "fence.proxy.async.shared::cta;\n";
    String barrier = "bar.sync 0;\n";

    /// @param types `f32.bf16.bf16`
    /// @param registers of the accumulator
    WgmmaKernel(int n, int k, String types, int registers) {
        this.n = n;
        this.k = k;
        this.types = types;
        this.registers = registers;
    }

    WgmmaKernel left(Layout layout, Element element) {
        a = layout.descriptor(64, k);
        put(layout, element, 64, 0);
        return this;
    }

    WgmmaKernel right(Layout layout, Element element) {
        b = layout.descriptor(n, k);
        put(layout, element, n, B_AT);
        return this;
    }

    private void put(Layout layout, Element element, int count, int base) {
        for (int mn = 0; mn < count; mn++) {
            for (int kk = 0; kk < k; kk++) {
                long bits = element.bits(mn, kk);
                for (int i = 0; i < layout.size; i++) {
                    image[base + layout.at(mn, kk, count, k) + i] = (byte) (bits >>> 8 * i);
                }
            }
        }
    }

    String type() {
        return types.startsWith("f32") ? "f32" : types.startsWith("s32") ? "s32" : "b32";
    }

    String accumulators() {
        return IntStream.range(0, registers).mapToObj(i -> "c" + i).collect(Collectors.joining(", ", "{", "}"));
    }

    String product() {
        return "wgmma.mma_async.sync.aligned.m64n" + n + "k" + k + "." + types + " " + accumulators() + ", " + left + ", db, " + scale
                + flags + ";\n";
    }

    AsyncKernel kernel() {
        String zero = IntStream.range(0, registers).mapToObj(i -> "mov.b32 c" + i + ", 0;").collect(Collectors.joining(" ", "", "\n"));
        String store = IntStream.range(0, registers).mapToObj(i -> "st.global." + type() + " [x1+" + 4 * i + "], c" + i + ";")
                .collect(Collectors.joining(" ", "", "\n"));
        return new AsyncKernel(".reg ." + type() + " c<" + registers + ">; .reg .b64 da, db; .reg .b32 a<4>;\n"
                + "shl.b32 r0, tid, 4; L: cvt.u64.u32 x2, r0; add.u64 x2, in, x2; add.u32 r1, base, r0; ld.global.v4.u32 {r4, r5, r6, r7}, [x2]; "
                        + "st.shared.v4.u32 [r1], {r4, r5, r6, r7};"
                + " add.u32 r0, r0, 2048; setp.lt.u32 p, r0, 65536; @p bra L;\n" + proxy + barrier
                + "shr.u32 r1, base, 4; cvt.u64.u32 x3, r1; or.b64 da, x3, " + a + "; add.u64 x3, x3, " + (B_AT >> 4)
                        + "; or.b64 db, x3, " + b + ";\n"
                + fragment + zero + before + fence + product() + commit + wait + after + "mad.wide.u32 x1, tid, " + 4 * registers
                        + ", out;\n" + store)
                .threads(128).input(image).output(new byte[128 * registers * 4]);
    }

    ByteBuffer image() {
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    }
}
