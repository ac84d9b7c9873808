package lucid.kernels.ptx.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// `ldmatrix`, `stmatrix` and `movmatrix`, element by element through real `.ptx`. Element (r, c) of matrix i is the number `1 + 64 i + 8 r + c`; its
/// row lies at slot `(5 (8 i + r) + 3) mod 32` of 16 bytes, so that no row is where a lane number would put it.
class MatrixMoveFormsTest {
    private static final int SLOTS = 32;

    private static int slot(int matrix, int row) {
        return (5 * (8 * matrix + row) + 3) % SLOTS;
    }

    private static int element(int matrix, int row, int column) {
        return 1 + 64 * matrix + 8 * row + column;
    }

    /// What lane (g, t) holds of a matrix: two neighbours of row g, or with `.trans` of column g.
    private static int pair(int matrix, int lane, boolean trans) {
        int g = lane >> 2;
        int t = lane & 3;
        int low = trans ? element(matrix, 2 * t, g) : element(matrix, g, 2 * t);
        int high = trans ? element(matrix, 2 * t + 1, g) : element(matrix, g, 2 * t + 1);
        return high << 16 | low;
    }

    @TestFactory
    Stream<DynamicTest> ldmatrix() {
        return Stream.of(1, 2, 4).flatMap(n -> Stream.of("", ".trans").flatMap(trans -> Stream.of("shared", "shared::cta").map(space ->
                dynamicTest("ldmatrix x" + n + trans + " " + space, () -> load(n, trans, space)))));
    }

    @TestFactory
    Stream<DynamicTest> stmatrix() {
        return Stream.of(1, 2, 4).flatMap(n -> Stream.of("", ".trans").map(trans -> dynamicTest("stmatrix x" + n + trans, () -> store(n, trans))));
    }

    private static void load(int n, String trans, String space) {
        int[] rows = new int[SLOTS * 4];
        for (int matrix = 0; matrix < 4; matrix++) {
            for (int row = 0; row < 8; row++) {
                for (int w = 0; w < 4; w++) {
                    rows[slot(matrix, row) * 4 + w] = element(matrix, row, 2 * w + 1) << 16 | element(matrix, row, 2 * w);
                }
            }
        }
        // Every lane fills one slot of shared memory, then brings the address of row lane % 8 of matrix lane / 8.
        int[] out = run("""
                    mad.lo.u32 s, lane, 16, base;
                    ld.global.v4.b32 {r0, r1, r2, r3}, [in];
                    st.shared.v4.b32 [s], {r0, r1, r2, r3};
                    bar.warp.sync -1;
                    mad.lo.u32 s, slot, 16, base;
                    ldmatrix.sync.aligned.m8n8.x%d%s.%s.b16 %s, [s];
                    st.global.v4.b32 [out], {r0, r1, r2, r3};
                """.formatted(n, trans, space, vector(n)), rows);
        for (int matrix = 0; matrix < n; matrix++) {
            for (int lane = 0; lane < 32; lane++) {
                assertEquals(Integer.toHexString(pair(matrix, lane, !trans.isEmpty())), Integer.toHexString(out[lane * 4 + matrix]),
                        "matrix " + matrix + " lane " + lane);
            }
        }
    }

    private static void store(int n, String trans) {
        int[] registers = new int[SLOTS * 4];
        for (int lane = 0; lane < 32; lane++) {
            for (int matrix = 0; matrix < 4; matrix++) {
                registers[lane * 4 + matrix] = pair(matrix, lane, !trans.isEmpty());
            }
        }
        int[] out = run("""
                    mad.lo.u32 s, lane, 16, base;
                    mov.b32 z, 0;
                    st.shared.v4.b32 [s], {z, z, z, z};
                    bar.warp.sync -1;
                    ld.global.v4.b32 {r0, r1, r2, r3}, [in];
                    mad.lo.u32 s, slot, 16, base;
                    stmatrix.sync.aligned.m8n8.x%d%s.shared.b16 [s], %s;
                    bar.warp.sync -1;
                    mad.lo.u32 s, lane, 16, base;
                    ld.shared.v4.b32 {r0, r1, r2, r3}, [s];
                    st.global.v4.b32 [out], {r0, r1, r2, r3};
                """.formatted(n, trans, vector(n)), registers);
        for (int matrix = 0; matrix < 4; matrix++) {
            for (int row = 0; row < 8; row++) {
                for (int c = 0; c < 8; c++) {
                    int found = out[slot(matrix, row) * 4 + c / 2] >>> 16 * (c & 1) & 0xffff;
                    assertEquals(matrix < n ? element(matrix, row, c) : 0, found, "matrix " + matrix + " row " + row + " column " + c);
                }
            }
        }
    }

    @Test
    void movmatrix() {
        int[] registers = new int[SLOTS * 4];
        for (int lane = 0; lane < 32; lane++) {
            registers[lane * 4] = pair(0, lane, false);
        }
        int[] out = run("""
                    ld.global.v4.b32 {r0, r1, r2, r3}, [in];
                    movmatrix.sync.aligned.m8n8.trans.b16 r1, r0;
                    movmatrix.sync.aligned.m8n8.trans.b16 r2, r1;
                    st.global.v4.b32 [out], {r0, r1, r2, r3};
                """, registers);
        for (int lane = 0; lane < 32; lane++) {
            assertEquals(pair(0, lane, true), out[lane * 4 + 1], "lane " + lane);
            assertEquals(pair(0, lane, false), out[lane * 4 + 2], "twice, lane " + lane);
        }
    }

    private static String vector(int n) {
        return IntStream.range(0, n).mapToObj(i -> "r" + i).collect(Collectors.joining(", ", "{", "}"));
    }

    private static int[] run(String body, int[] words) {
        String text = """
                .version 8.0
                .target sm_90
                .address_size 64
                .visible .entry matrix(.param .u64 input, .param .u64 output)
                {
                    .reg .u32 lane, slot, base, s, z, r<4>;
                    .reg .u64 in, out, step;
                    .shared .align 128 .b8 tile[512];
                    mov.u32 lane, %%laneid;
                    mov.u32 base, tile;
                    mad.lo.u32 slot, lane, 5, 3;
                    and.b32 slot, slot, 31;
                    mul.wide.u32 step, lane, 16;
                    ld.param.u64 in, [input];
                    add.u64 in, in, step;
                    ld.param.u64 out, [output];
                    add.u64 out, out, step;
                    mov.u32 r0, 0; mov.u32 r1, 0; mov.u32 r2, 0; mov.u32 r3, 0;
                %s    ret;
                }
                """.formatted(body);
        var bytes = ByteBuffer.allocate(words.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int word : words) {
            bytes.putInt(word);
        }
        var memory = new GlobalMemory(3);
        long out = memory.allocate("output", 512);
        RunReport report = Launch.of(PtxModule.parse("matrix.ptx", text), null).block(32, 1, 1).memory(memory)
                .argument("input", memory.allocate("input", bytes.array())).argument("output", out).run();
        assertEquals(List.of(), report.findings());
        int[] found = new int[128];
        ByteBuffer.wrap(memory.read(out, 512)).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(found);
        return found;
    }
}
