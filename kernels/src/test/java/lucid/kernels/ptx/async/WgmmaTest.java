package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import lucid.kernels.ptx.async.work.Timing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every element of every fragment of `wgmma`, through real kernels, against the formulas of the ISA and products by hand.
class WgmmaTest {
    private static int bf16(int value) {
        return Float.floatToRawIntBits(value) >>> 16;
    }

    private static int f16(int value) {
        return Float.floatToFloat16(value) & 0xffff;
    }

    /// Row and column of accumulator element i of a thread: m = 16 w + g + 8 ((i >> 1) & 1), n = 8 (i >> 2) + 2 t + (i & 1).
    private static int row(int thread, int i) {
        return 16 * (thread / 32) + thread % 32 / 4 + 8 * (i >> 1 & 1);
    }

    private static int column(int thread, int i) {
        return 8 * (i >> 2) + 2 * (thread % 4) + (i & 1);
    }

    private static final WgmmaKernel.Layout K128 = new WgmmaKernel.Layout(128, false, 2);

    /// d = 256 m + n: every element of D is another number, and none comes from the wrong place.
    private static WgmmaKernel tagged(int n, WgmmaKernel.Layout left, WgmmaKernel.Layout right) {
        return new WgmmaKernel(n, 16, "f32.bf16.bf16", n / 2)
                .left(left, (m, k) -> bf16(k == 3 ? m : k == 12 ? 1 : 0))
                .right(right, (c, k) -> bf16(k == 3 ? 256 : k == 12 ? c : 0));
    }

    private static void assertTagged(WgmmaKernel kernel, ByteBuffer out) {
        for (int thread = 0; thread < 128; thread++) {
            for (int i = 0; i < kernel.registers; i++) {
                assertEquals(256 * row(thread, i) + column(thread, i), out.getFloat(4 * (thread * kernel.registers + i)),
                        "thread " + thread + ", register " + i);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"8", "16", "24", "64", "104", "200", "256"})
    void accumulatorsOfEveryWidth(int n) {
        WgmmaKernel kernel = tagged(n, K128, K128);
        assertTagged(kernel, kernel.kernel().clean());
    }

    @ParameterizedTest
    @CsvSource({"0, false, 0, false", "32, false, 64, false", "64, false, 128, true", "128, true, 32, true", "32, true, 0, true",
            "0, true, 128, false", "64, true, 64, true", "128, false, 32, false"})
    void everySwizzleAndMajorness(int widthA, boolean transA, int widthB, boolean transB) {
        WgmmaKernel kernel = tagged(64, new WgmmaKernel.Layout(widthA, transA, 2), new WgmmaKernel.Layout(widthB, transB, 2));
        kernel.flags = ", 1, 1, " + (transA ? 1 : 0) + ", " + (transB ? 1 : 0);
        assertTagged(kernel, kernel.kernel().clean());
    }

    /// A in registers: m = 16 w + g + 8 ((i >> 1) & 1), k = 2 t + (i & 1) + 8 (i >> 2); `A[m][k]` = 16 m + k with 8-bit values in two products.
    @Test
    void fragmentsOfAInRegisters() {
        for (int column = 0; column < 16; column++) {
            int pick = column;
            var kernel = new WgmmaKernel(8, 16, "f32.bf16.bf16", 4).right(K128, (c, k) -> bf16(k == pick ? 1 : 0));
            kernel.left = "{a0, a1, a2, a3}";
            kernel.flags = ", 1, 1, 0";
            // Element (m, k) holds 4 m + k / 4 when k % 4 == pick % 4, so that row and k are both told.
            var text = new StringBuilder("shr.u32 r0, lane, 2; mad.lo.u32 r0, warp, 16, r0; and.b32 r1, lane, 3; shl.b32 r1, r1, 1;\n");
            for (int register = 0; register < 4; register++) {
                for (int half = 0; half < 2; half++) {
                    text.append("add.u32 r2, r0, ").append(8 * (register & 1)).append("; add.u32 r3, r1, ").append(half + 8 * (register >> 1))
                            .append("; and.b32 r8, r3, 3; shr.u32 r3, r3, 2; mad.lo.u32 r2, r2, 4, r3; setp.ne.u32 p, r8, ").append(pick & 3)
                            .append("; @p mov.u32 r2, 0; cvt.rn.f32.u32 f0, r2; mov.b32 r9, f0; shr.u32 r9, r9, 16;")
                            .append(half == 0 ? "mov.u32 r10, r9;\n" : "shl.b32 r9, r9, 16; or.b32 a" + register + ", r9, r10;\n");
                }
            }
            kernel.fragment = text.toString();
            ByteBuffer out = kernel.kernel().run(Timing.LATE, lucid.kernels.ptx.machine.launch.Schedule.ROUND_ROBIN).out();
            for (int thread = 0; thread < 128; thread++) {
                for (int i = 0; i < 4; i++) {
                    assertEquals(4 * row(thread, i) + pick / 4, out.getFloat(4 * (thread * 4 + i)), "k " + pick + ", thread " + thread
                            + ", register " + i);
                }
            }
        }
    }

    @Test
    void halfAccumulatorsArePacked() {
        var kernel = new WgmmaKernel(16, 16, "f16.f16.f16", 4).left(K128, (m, k) -> f16(k == 0 ? m : k == 1 ? 1 : 0))
                .right(K128, (c, k) -> f16(k == 0 ? 16 : k == 1 ? c : 0));
        ByteBuffer out = kernel.kernel().clean();
        for (int thread = 0; thread < 128; thread++) {
            for (int i = 0; i < 8; i++) {
                assertEquals(16 * row(thread, i) + column(thread, i), Float.float16ToFloat(out.getShort(16 * thread + 2 * i)),
                        "thread " + thread + ", element " + i);
            }
        }
    }

    @Test
    void integers() {
        var layout = new WgmmaKernel.Layout(64, false, 1);
        var kernel = new WgmmaKernel(16, 32, "s32.s8.u8", 8).left(layout, (m, k) -> k == 31 ? -m : 1).right(layout, (c, k) -> k == 31 ? 200 : c);
        kernel.flags = "";
        ByteBuffer out = kernel.kernel().clean();
        for (int thread = 0; thread < 128; thread++) {
            for (int i = 0; i < 8; i++) {
                assertEquals(-200 * row(thread, i) + 31 * column(thread, i), out.getInt(4 * (thread * 8 + i)));
            }
        }
    }

    @Test
    void tf32AndFp8() {
        var words = new WgmmaKernel.Layout(32, false, 4);
        // The low 13 bits of tf32 factors are cut off.
        var kernel = new WgmmaKernel(8, 8, "f32.tf32.tf32", 4).left(words, (m, k) -> Float.floatToRawIntBits(k == 7 ? m : 0) | 0x1fff)
                .right(words, (c, k) -> Float.floatToRawIntBits(c + 1));
        kernel.flags = ", 1, 1";
        ByteBuffer out = kernel.kernel().clean();
        assertEquals(7f * 2, out.getFloat(4 * (28 * 4 + 1)));
        var bytes = new WgmmaKernel.Layout(32, false, 1);
        // e4m3: 0x38 is 1, 0x40 is 2; e5m2: 0x3c is 1.
        kernel = new WgmmaKernel(8, 32, "f32.e4m3.e5m2", 4).left(bytes, (m, k) -> k == m % 32 ? 0x40 : 0x38).right(bytes, (c, k) -> 0x3c);
        kernel.flags = ", 1, 1";
        assertEquals(33f, kernel.kernel().clean().getFloat(0));
    }

    @Test
    void scalesAndSigns() {
        for (String flags : new String[] {", 1, 1, 0, 0", ", -1, 1, 0, 0", ", 1, -1, 0, 0", ", -1, -1, 0, 0"}) {
            WgmmaKernel kernel = tagged(8, K128, K128);
            kernel.flags = flags;
            boolean negative = flags.contains("-1, 1") || flags.contains(", 1, -1");
            kernel.before = "mov.b32 c0, 0f40000000;\n";
            kernel.scale = "1";
            assertEquals((negative ? -1 : 1) * 256f * 5 + 2, kernel.kernel().clean().getFloat(16 * 20), flags);
            // scale-d 0: what the accumulator held is not read.
            kernel.scale = "p";
            kernel.before = "setp.eq.u32 p, tid, 500; mov.b32 c0, 0f7fffffff;\n";
            assertEquals((negative ? -1 : 1) * 256f * 5, kernel.kernel().clean().getFloat(16 * 20), flags);
        }
    }

    @Test
    void productsOfAGroupFollowEachOther() {
        WgmmaKernel kernel = tagged(8, K128, K128);
        kernel.scale = "1";
        kernel.commit = kernel.product() + kernel.product() + kernel.commit;
        assertEquals(3 * 256f * 5, kernel.kernel().clean().getFloat(16 * 20));
    }
}
