package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Function;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.tensor.form.Swizzle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorCopyTest {
    private static final String INIT = "@leader mbarrier.init.shared::cta.b64 [bar], 1; @leader fence.mbarrier_init.release.cluster; bar.sync 0;\n";
    private static final String AWAIT = "W: mbarrier.try_wait.parity.shared::cta.b64 done, [bar], 0; @!done bra W;\n";
    /// Copies `n` words of shared memory as they lie to `out`.
    private static final String DUMP = "mov.u32 r0, tid; D: setp.ge.u32 p, r0, WORDS; @p bra DUMPED; mad.lo.u32 r1, r0, 4, base; mad.wide.u32 x1, "
            + "r0, 4, out; ld.shared.u32 r2, [r1]; st.global.u32 [x1], r2;"
            + " add.u32 r0, r0, 32; bra D; DUMPED:\n";

    private static String load(int rank, String coordinates, int bytes) {
        return INIT + "@!leader bra WAIT; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], " + bytes + ";\n" + "cp.async.bulk.tensor." + rank
                + "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [base], [map, {" + coordinates + "}], [bar];\nWAIT:\n" + AWAIT
                        + DUMP.replace("WORDS", "" + bytes / 4);
    }

    private static ByteBuffer words(int count) {
        var data = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            data.putInt(4 * i, 0x1000000 + i);
        }
        return data;
    }

    private static Function<Long, TensorMap> map(TensorMap.Type type, long[] dims, long[] strides, int[] box, Swizzle swizzle, boolean nan) {
        return address -> new TensorMap(type, address, dims, strides, box, swizzle, nan);
    }

    /// u32 tensors of every rank: innermost extent 9 of a pitch of 12, the others 3; box 8 x 2 x 2 ...
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"0", "3", "-2", "9", "1, 1", "-4, -1", "5, 2", "0, 0, 1", "2, -1, 2", "1, 1, 1, 1", "-1, 2, 0, -1",
            "0, 1, 1, 1, 1", "4, -1, 2, 0, 2"})
    void everyRankAndEveryEdge(String coordinates) {
        int[] corner = Arrays.stream(coordinates.split(", ")).mapToInt(Integer::parseInt).toArray();
        int rank = corner.length;
        long[] dims = new long[rank];
        long[] strides = new long[rank - 1];
        int[] box = new int[rank];
        for (int d = 0; d < rank; d++) {
            dims[d] = d == 0 ? 9 : 3;
            box[d] = d == 0 ? 8 : 2;
            if (d > 0) {
                strides[d - 1] = d == 1 ? 48 : strides[d - 2] * 3;
            }
        }
        int bytes = 8 * 4 << rank - 1;
        ByteBuffer out = new AsyncKernel(load(rank, coordinates, bytes)).input(words(12 * 81).array())
                .map(map(TensorMap.Type.U32, dims, strides, box, Swizzle.NONE, false)).clean();
        for (int e = 0; e < bytes / 4; e++) {
            boolean inside = true;
            int index = 0;
            int rest = e;
            for (int d = 0; d < rank; d++) {
                int x = corner[d] + rest % box[d];
                rest /= box[d];
                inside &= x >= 0 && x < dims[d];
                index += x * (d == 0 ? 1 : (int) (strides[d - 1] / 4));
            }
            assertEquals(inside ? 0x1000000 + index : 0, out.getInt(4 * e), "element " + e);
        }
    }

    @ParameterizedTest
    @CsvSource({"BYTES_32, 8, 1", "BYTES_64, 16, 3", "BYTES_128, 32, 7"})
    void swizzles(Swizzle swizzle, int inner, int mask) {
        ByteBuffer out = new AsyncKernel(load(2, "0, 0", inner * 4 * 20)).input(words(inner * 20).array())
                .map(map(TensorMap.Type.U32, new long[] {inner, 20}, new long[] {inner * 4}, new int[] {inner, 20}, swizzle, false)).clean();
        for (int i = 0; i < inner * 20; i++) {
            // base is a multiple of 1024: bits 4.. of the byte offset are xored with bits 7.. (PTX ISA, tables of swizzling modes)
            int at = 4 * i ^ (4 * i >> 7 & mask) << 4;
            assertEquals(0x1000000 + i, out.getInt(at), "element " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, 4, 7fffffff", "BF16, 2, 7fff7fff", "F16, 2, 7fff7fff"})
    void outsideMayReadAsNaN(TensorMap.Type type, int size, String wanted) {
        ByteBuffer out = new AsyncKernel(load(1, "64", 64)).map(map(type, new long[] {64}, new long[0], new int[] {64 / size}, Swizzle.NONE, true))
                .clean();
        for (int i = 0; i < 16; i++) {
            assertEquals(wanted, Integer.toHexString(out.getInt(4 * i)));
        }
    }

    @Test
    void fullBytesAreCountedOutsideToo() {
        // 64 bytes announced for a box that lies outside altogether; announcing what exists (none) would end the phase too early.
        new AsyncKernel(load(1, "100", 64)).map(map(TensorMap.Type.U32, new long[] {64}, new long[0], new int[] {16}, Swizzle.NONE, false)).clean();
    }

    private static final String FILL = "mov.u32 r0, tid; F: mad.lo.u32 r1, r0, 4, base; add.u32 r2, r0, 500; st.shared.u32 [r1], r2; add.u32 r0, "
            + "r0, 32; setp.lt.u32 p, r0, 64; @p bra F;\n"
            + "fence.proxy.async.shared::cta; bar.sync 0;\n";
    private static final String DRAIN = "@leader cp.async.bulk.commit_group; @leader cp.async.bulk.wait_group 0;\n";

    @Test
    void storesAreClipped() {
        byte[] before = new byte[12 * 6 * 4];
        ByteBuffer out = new AsyncKernel(FILL + "@leader cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [map, {6, 4}], [base];\n" + DRAIN)
                .output(before)
                .mapOfOut(map(TensorMap.Type.U32, new long[] {9, 6}, new long[] {48}, new int[] {8, 8}, Swizzle.NONE, false)).clean();
        for (int y = 0; y < 6; y++) {
            for (int x = 0; x < 12; x++) {
                int wanted = x >= 6 && x < 9 && y >= 4 ? 500 + (y - 4) * 8 + x - 6 : 0;
                assertEquals(wanted, out.getInt(48 * y + 4 * x), x + ", " + y);
            }
        }
    }

    @Test
    void reductionsAreClipped() {
        ByteBuffer before = words(12 * 6);
        ByteBuffer out = new AsyncKernel(FILL + "@leader cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group [map, {-6, 4}], "
                + "[base];\n" + DRAIN).output(before.array().clone())
                .mapOfOut(map(TensorMap.Type.U32, new long[] {9, 6}, new long[] {48}, new int[] {8, 8}, Swizzle.NONE, false)).clean();
        for (int y = 0; y < 6; y++) {
            for (int x = 0; x < 12; x++) {
                int added = x < 2 && y >= 4 ? 500 + (y - 4) * 8 + x + 6 : 0;
                assertEquals(before.getInt(48 * y + 4 * x) + added, out.getInt(48 * y + 4 * x), x + ", " + y);
            }
        }
    }

    @Test
    void swizzledStoresReadWhatSwizzledLoadsWrite() {
        Function<Long, TensorMap> from = map(TensorMap.Type.U32, new long[] {32, 8}, new long[] {128}, new int[] {32, 8}, Swizzle.BYTES_128, false);
        String through = load(2, "0, 0", 1024).replace(DUMP.replace("WORDS", "256"), "")
                + "bar.sync 0; @leader cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [map, {0, 8}], [base];\n" + DRAIN;
        // The map covers rows 0..15: the store puts rows 0..7 to rows 8..15.
        byte[] data = Arrays.copyOf(words(256).array(), 2048);
        ByteBuffer out = new AsyncKernel(through).output(data)
                .mapOfOut(map(TensorMap.Type.U32, new long[] {32, 16}, new long[] {128}, new int[] {32, 8}, Swizzle.BYTES_128, false)).clean();
        for (int i = 0; i < 512; i++) {
            assertEquals(0x1000000 + i % 256, out.getInt(4 * i));
        }
        assertEquals(1024, from.apply(0x1000L).boxBytes());
    }

    @Test
    void multicastToBothBlocks() {
        String body = INIT + "@leader mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 128; barrier.cluster.arrive.aligned; "
                + "barrier.cluster.wait.aligned; mov.b16 h0, 3; shl.b32 r3, rank, 4;\n"
                + "mad.lo.u32 r4, rank, 128, base; @!leader bra WAIT;\n"
                + "cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [r4], [map, {r3}], [bar], "
                        + "h0;\nWAIT:\n" + AWAIT
                + "shr.u32 r5, tid, 4; and.b32 r6, tid, 15; mad.lo.u32 r5, r5, 128, base; mad.lo.u32 r5, r6, 4, r5; ld.shared.u32 r2, [r5]; "
                        + "mad.lo.u32 r6, rank, 32, tid;\n"
                + "mad.wide.u32 x1, r6, 4, out; st.global.u32 [x1], r2; barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n";
        ByteBuffer out = new AsyncKernel(body).cluster(2).input(words(32).array())
                .map(map(TensorMap.Type.U32, new long[] {32}, new long[0], new int[] {16}, Swizzle.NONE, false)).clean();
        for (int t = 0; t < 64; t++) {
            assertEquals(0x1000000 + t % 32, out.getInt(4 * t));
        }
        // Half of the bytes announced: the phase ends before the other block's half is there.
        new AsyncKernel(body.replace("[bar], 128", "[bar], 64")).cluster(2).input(words(32).array())
                .map(map(TensorMap.Type.U32, new long[] {32}, new long[0], new int[] {16}, Swizzle.NONE, false))
                        .finds(Kind.MISSING_WAIT, Kind.RACE, Kind.DEADLOCK, Kind.UNINITIALISED_MEMORY);
    }

    @Test
    void aMapInGlobalMemory() {
        byte[] input = new byte[4096];
        System.arraycopy(words(64).array(), 0, input, 1024, 256);
        // The map itself is put at byte 0 of `in` by the kernel: 128 bytes out of its parameter.
        String copy = "@!leader bra COPIED; mov.u32 r9, 0; M: cvt.u64.u32 x3, r9; add.u64 x4, map, x3; ld.u64 x5, [x4]; add.u64 x4, in, x3; "
                + "st.global.u64 [x4], x5; add.u32 r9, r9, 8; "
                + "setp.lt.u32 p, r9, 128; @p bra M; fence.proxy.async.global; COPIED: bar.sync 0; mov.u64 map, in;\n";
        ByteBuffer out = new AsyncKernel(copy + load(1, "8", 64)).input(input)
                .map(in -> new TensorMap(TensorMap.Type.U32, in + 1024, new long[] {64}, new long[0], new int[] {16}, Swizzle.NONE, false)).clean();
        assertEquals(0x1000008, out.getInt(0));
    }

    @Test
    void prefetch() {
        Function<Long, TensorMap> over = map(TensorMap.Type.U32, new long[] {64}, new long[0], new int[] {16}, Swizzle.NONE, false);
        new AsyncKernel("@leader cp.async.bulk.prefetch.tensor.1d.L2.global.tile [map, {8}];\n").map(over).clean();
        new AsyncKernel("@leader cp.async.bulk.prefetch.tensor.1d.L2.global [map, {8}];\n").finds(Kind.ILLEGAL_OPERAND);
    }

    @Test
    void operandsAreChecked() {
        Function<Long, TensorMap> over = map(TensorMap.Type.U32, new long[] {64}, new long[0], new int[] {16}, Swizzle.NONE, false);
        assertTrue(new AsyncKernel(load(2, "0, 0", 64)).map(over).finds(Kind.ILLEGAL_OPERAND).message().contains("rank 1"));
        assertTrue(new AsyncKernel(load(1, "0", 64)).finds(Kind.ILLEGAL_OPERAND).message().contains("no tensor map"));
        assertTrue(new AsyncKernel(load(1, "0", 64).replace("[base], [map", "[base+64], [map")).map(over).finds(Kind.MISALIGNED).message()
                .contains("128"));
        Function<Long, TensorMap> swizzled = map(TensorMap.Type.U32, new long[] {32, 8}, new long[] {128}, new int[] {32, 8},
                Swizzle.BYTES_128, false);
        assertTrue(new AsyncKernel(load(2, "0, 0", 1024).replace("[base], [map", "[base+128], [map")).map(swizzled).finds(Kind.MISALIGNED).message()
                .contains("1024"));
        Function<Long, TensorMap> narrow = map(TensorMap.Type.U32, new long[] {16, 8}, new long[] {64}, new int[] {16, 8}, Swizzle.BYTES_128, false);
        new AsyncKernel(load(2, "0, 0", 512)).map(narrow).finds(Kind.ILLEGAL_OPERAND);
        Function<Long, TensorMap> tooLong = map(TensorMap.Type.U32, new long[] {2048}, new long[0], new int[] {16}, Swizzle.NONE, false);
        new AsyncKernel(load(1, "1020", 64)).map(tooLong).finds(Kind.OUT_OF_BOUNDS);
        new AsyncKernel(FILL + "@leader cp.reduce.async.bulk.tensor.1d.global.shared::cta.min.bulk_group [map, {0}], [base];\n" + DRAIN)
                .mapOfOut(map(TensorMap.Type.F32, new long[] {64}, new long[0], new int[] {16}, Swizzle.NONE, false)).finds(Kind.ILLEGAL_OPERAND);
    }

    @Test
    void writersNeedTheFence() {
        Function<Long, TensorMap> over = map(TensorMap.Type.U32, new long[] {64}, new long[0], new int[] {16}, Swizzle.NONE, false);
        String store = "@leader cp.async.bulk.tensor.1d.global.shared::cta.bulk_group [map, {0}], [base];\n" + DRAIN;
        new AsyncKernel(FILL + store).mapOfOut(over).clean();
        new AsyncKernel(FILL.replace("fence.proxy.async.shared::cta;", "") + store).mapOfOut(over).finds(Kind.MISSING_FENCE);
        // What this kernel has written to global memory needs it before a load, too.
        String own = "mad.wide.u32 x1, tid, 4, in; st.global.u32 [x1], tid; FENCE bar.sync 0;\n" + load(1, "0", 64);
        new AsyncKernel(own.replace("FENCE", "fence.proxy.async.global;")).map(over).clean();
        new AsyncKernel(own.replace("FENCE", "")).map(over).finds(Kind.MISSING_FENCE);
    }
}
