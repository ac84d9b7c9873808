package lucid.bench.kernel;

import java.util.stream.IntStream;

/// Two f32 matrix products as CUDA courses teach them, as PTX: C = A B, all row-major, sizes multiples of the tiles. Dense in `ld.shared` and `fma`,
/// with few blocks.
///
/// * `tiled`: 16 x 16 threads, one element each; tiles of 16 x 16 of both factors in shared memory, scalar loads (blocks of 16 x 16 threads).
/// * `gemm`: 256 threads, 4 x 4 elements each, of a tile of 64 x 64; k in steps of 16; A transposed in shared memory, loads of 16 bytes.
final class PtxGemm {
    private static final int STEP = 16;
    /// Floats from row to row of the larger tiles in shared memory.
    private static final int PITCH = 68;

    private PtxGemm() {}

    private static String head(String name, int sharedBytes) {
        return ".version 8.0\n.target sm_80\n.address_size 64\n.shared .align 16 .b8 as[" + sharedBytes + "];\n.shared .align 16 .b8 bs["
                + sharedBytes + "];\n.visible .entry " + name
                + "(.param .u64 a, .param .u64 b, .param .u64 out) {\n.reg .u32 tid, tx, ty, sa, sb, ra, rb, t, k, bx, by; .reg .u64 pa, pb, po, o; "
                        + ".reg .pred q; .reg .f32 x<4>, y<4>, c<16>, g<8>;\n"
                + "ld.param.u64 pa, [a]; ld.param.u64 pb, [b]; ld.param.u64 po, [out]; mov.u32 bx, %ctaid.x; mov.u32 by, %ctaid.y; mov.u32 k, 0;\n";
    }

    private static String next(int depth, int columns) {
        return "bar.sync 0; add.u64 pa, pa, 64; add.u64 pb, pb, " + STEP * columns * 4 + "; add.u32 k, k, 16; setp.lt.u32 q, k, " + depth
                + "; @q bra LOOP;\n";
    }

    static String tiled(int depth, int columns) {
        var text = new StringBuilder(head("tiled", 1024));
        text.append("mov.u32 tx, %tid.x; mov.u32 ty, %tid.y; mad.lo.u32 t, by, 16, ty; mad.lo.u32 t, t, ").append(depth)
                .append(", tx; mul.wide.u32 o, t, 4; add.u64 pa, pa, o;\n")
                .append("mad.lo.u32 t, bx, 16, tx; mad.lo.u32 t, ty, ").append(columns).append(", t; mul.wide.u32 o, t, 4; add.u64 pb, pb, o;\n")
                .append("mov.u32 ra, as; mad.lo.u32 ra, ty, 64, ra; mad.lo.u32 sa, tx, 4, ra; mov.u32 rb, bs; mad.lo.u32 rb, tx, 4, rb; mad.lo.u32 "
                        + "sb, ty, 64, rb; mov.f32 c0, 0f00000000;\n")
                .append("LOOP: ld.global.f32 x0, [pa]; ld.global.f32 y0, [pb]; st.shared.f32 [sa], x0; st.shared.f32 [sb], y0; bar.sync 0;\n");
        for (int k = 0; k < STEP; k++) {
            text.append("ld.shared.f32 x0, [ra+").append(4 * k).append("]; ld.shared.f32 y0, [rb+").append(64 * k)
                    .append("]; fma.rn.f32 c0, x0, y0, c0;\n");
        }
        return text.append(next(depth, columns)).append("mad.lo.u32 t, by, 16, ty; mul.lo.u32 t, t, ").append(columns)
                .append("; mad.lo.u32 t, bx, 16, t; add.u32 t, t, tx; mul.wide.u32 o, t, 4; add.u64 po, po, o; st.global.f32 [po], c0; ret; }\n")
                        .toString();
    }

    static String gemm(int depth, int columns) {
        var text = new StringBuilder(head("gemm", STEP * PITCH * 4));
        // A: thread t loads 4 k of row t / 4 and stores them as a column. B: 4 columns of k = t / 16.
        text.append("mov.u32 tid, %tid.x; and.b32 tx, tid, 15; shr.u32 ty, tid, 4; shr.u32 t, tid, 2; mad.lo.u32 ra, by, 64, t; mul.lo.u32 ra, ra, ")
                .append(depth)
                .append("; and.b32 rb, tid, 3; mad.lo.u32 ra, rb, 4, ra; mul.wide.u32 o, ra, 4; add.u64 pa, pa, o; mov.u32 sa, as; mul.lo.u32 rb, "
                        + "rb, ").append(16 * PITCH)
                .append("; add.u32 sa, sa, rb; mad.lo.u32 sa, t, 4, sa;\nmul.lo.u32 rb, ty, ").append(columns)
                .append("; mad.lo.u32 rb, bx, 64, rb; mad.lo.u32 rb, tx, 4, rb; mul.wide.u32 o, rb, 4; add.u64 pb, pb, o; mov.u32 sb, bs; "
                        + "mad.lo.u32 sb, ty, ").append(4 * PITCH)
                .append(", sb; mad.lo.u32 sb, tx, 16, sb;\nmov.u32 ra, as; mad.lo.u32 ra, ty, 16, ra; mov.u32 rb, bs; mad.lo.u32 rb, tx, 16, rb;\n");
        IntStream.range(0, 16).forEach(i -> text.append("mov.f32 c").append(i).append(", 0f00000000; "));
        text.append("\nLOOP: ld.global.v4.f32 {g0,g1,g2,g3}, [pa]; ld.global.v4.f32 {g4,g5,g6,g7}, [pb];\n");
        IntStream.range(0, 4).forEach(i -> text.append("st.shared.f32 [sa+").append(i * PITCH * 4).append("], g").append(i).append("; "));
        text.append("st.shared.v4.f32 [sb], {g4,g5,g6,g7}; bar.sync 0;\n");
        for (int k = 0; k < STEP; k++) {
            text.append("ld.shared.v4.f32 {x0,x1,x2,x3}, [ra+").append(k * PITCH * 4).append("]; ld.shared.v4.f32 {y0,y1,y2,y3}, [rb+")
                    .append(k * PITCH * 4).append("];\n");
            IntStream.range(0, 16).forEach(i -> text.append("fma.rn.f32 c").append(i).append(", x").append(i / 4).append(", y").append(i % 4)
                    .append(", c").append(i).append("; "));
            text.append("\n");
        }
        text.append(next(depth, columns)).append("mad.lo.u32 t, by, 16, ty; mul.lo.u32 t, t, ").append(4 * columns)
                .append("; mad.lo.u32 t, bx, 64, t; mad.lo.u32 t, tx, 4, t; mul.wide.u32 o, t, 4; add.u64 po, po, o;\n");
        IntStream.range(0, 4).forEach(i -> text.append("st.global.v4.f32 [po+").append(i * columns * 4).append("], {c").append(4 * i).append(",c")
                .append(4 * i + 1).append(",c").append(4 * i + 2)
                .append(",c").append(4 * i + 3).append("};\n"));
        return text.append("ret; }\n").toString();
    }
}
