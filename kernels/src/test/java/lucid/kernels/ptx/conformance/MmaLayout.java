package lucid.kernels.ptx.conformance;

import java.util.List;

/// The fragment layouts of `mma.sync` as the ISA's tables state them, one line per shape, written down a second time so that the emulator's own
/// description is not its own judge. `g = lane >> 2`, `t = lane & 3`, `i` counts a lane's elements.
///
/// @param version lowest `.version` that has the form
/// @param type of A and B; `other` of B where it differs
record MmaLayout(String version, int m, int k, String d, String type, String other, Place aRow, Place aColumn, Place bRow) {
    /// A row or column from (g, t, i).
    @FunctionalInterface
    interface Place {
        int of(int g, int t, int i);
    }

    private static final Place G = (g, _, _) -> g;
    private static final Place T = (_, t, _) -> t;

    private static MmaLayout of(int m, int k, String d, String type, Place aRow, Place aColumn, Place bRow) {
        return new MmaLayout("8.0", m, k, d, type, type, aRow, aColumn, bRow);
    }

    private static MmaLayout fp8(String d, String a, String b) {
        return new MmaLayout("8.4", 16, 32, d, a, b, (g, _, i) -> g + 8 * (i >> 2 & 1), (_, t, i) -> 4 * t + (i & 3) + 16 * (i >> 3),
                (_, t, i) -> 4 * t + (i & 3) + 16 * (i >> 2));
    }

    private static MmaLayout bytes(int k, String a, String b) {
        MmaLayout wide = fp8("s32", a, b);
        return k == 32 ? new MmaLayout("8.0", 16, 32, "s32", a, b, wide.aRow, wide.aColumn, wide.bRow)
                : new MmaLayout("8.0", 16, 16, "s32", a, b, (g, _, i) -> g + 8 * (i >> 2), (_, t, i) -> 4 * t + (i & 3), (_, t, i) -> 4 * t + i);
    }

    static List<MmaLayout> all() {
        Place halfRow = (g, _, i) -> g + 8 * (i >> 1 & 1);
        Place halfColumn = (_, t, i) -> 2 * t + (i & 1) + 8 * (i >> 2);
        Place halfDepth = (_, t, i) -> 2 * t + (i & 1) + 8 * (i >> 1);
        Place rowOfFour = (g, _, i) -> g + 8 * (i & 1);
        Place columnOfFour = (_, t, i) -> t + 4 * (i >> 1);
        Place depthOfFour = (_, t, i) -> t + 4 * i;
        return List.of(
                of(16, 16, "f32", "bf16", halfRow, halfColumn, halfDepth), of(16, 16, "f32", "f16", halfRow, halfColumn, halfDepth),
                        of(16, 16, "f16", "f16", halfRow, halfColumn, halfDepth),
                of(16, 8, "f32", "bf16", halfRow, halfColumn, halfDepth), of(16, 8, "f32", "f16", halfRow, halfColumn, halfDepth),
                        of(16, 8, "f16", "f16", halfRow, halfColumn, halfDepth),
                of(16, 8, "f32", "tf32", rowOfFour, columnOfFour, depthOfFour), of(16, 4, "f32", "tf32", rowOfFour, T, T),
                fp8("f32", "e4m3", "e4m3"), fp8("f32", "e4m3", "e5m2"), fp8("f32", "e5m2", "e4m3"), fp8("f32", "e5m2", "e5m2"),
                bytes(32, "s8", "s8"), bytes(32, "u8", "u8"), bytes(32, "s8", "u8"), bytes(32, "u8", "s8"), bytes(16, "s8", "s8"),
                        bytes(16, "u8", "s8"),
                of(8, 16, "s32", "s8", G, (_, t, i) -> 4 * t + i, (_, t, i) -> 4 * t + i),
                        of(8, 16, "s32", "u8", G, (_, t, i) -> 4 * t + i, (_, t, i) -> 4 * t + i),
                of(8, 32, "s32", "s4", G, (_, t, i) -> 8 * t + i, (_, t, i) -> 8 * t + i),
                of(16, 32, "s32", "s4", (g, _, i) -> g + 8 * (i >> 3), (_, t, i) -> 8 * t + (i & 7), (_, t, i) -> 8 * t + i),
                of(16, 64, "s32", "u4", (g, _, i) -> g + 8 * (i >> 3 & 1), (_, t, i) -> 8 * t + (i & 7) + 32 * (i >> 4), (_, t, i) -> 8 * t + (i & 7)
                        + 32 * (i >> 3)),
                of(8, 4, "f64", "f64", G, T, T), of(16, 4, "f64", "f64", rowOfFour, T, T),
                of(16, 8, "f64", "f64", rowOfFour, columnOfFour, depthOfFour), of(16, 16, "f64", "f64", rowOfFour, columnOfFour, depthOfFour));
    }

    /// Row of accumulator element i.
    int cRow(int g, int i) {
        return m == 8 ? g : g + 8 * (i >> 1);
    }

    /// Column of accumulator element i.
    int cColumn(int t, int i) {
        return 2 * t + (i & 1);
    }

    static int bits(String type) {
        return switch (type) {
            case "f16", "bf16" -> 16;
            case "tf32", "f32", "s32" -> 32;
            case "f64" -> 64;
            case "s4", "u4" -> 4;
            default -> 8;
        };
    }

    String text() {
        return "mma.sync.aligned.m" + m + "n8k" + k + ".row.col." + d + "." + type + "." + other + "." + d;
    }

    @Override
    public String toString() {
        return text();
    }
}
