package lucid.kernels.ptx.tensor.form;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Fields of descriptors, and tiles that TMA has written read back through them.
class MatrixDescriptorTest {
    private static final int BASE = 0x400;

    @Test void fieldsAreWhereTheIsaPutsThem() {
        MatrixDescriptor d = MatrixDescriptor.decode(0x4000004000010000L | 0x2340 >> 4);
        assertEquals(new MatrixDescriptor(0x2340, 16, 1024, Swizzle.BYTES_128), d);
        assertEquals(0x4000004000010000L | 0x234, d.encode());
        assertEquals(Swizzle.BYTES_64, MatrixDescriptor.decode(2L << 62).swizzle());
        assertEquals(Swizzle.BYTES_32, MatrixDescriptor.decode(3L << 62).swizzle());
        assertEquals(Swizzle.NONE, MatrixDescriptor.decode(0).swizzle());
        assertEquals(new MatrixDescriptor(0x3fff0, 0x3fff0, 0x3fff0, Swizzle.NONE), MatrixDescriptor.decode(0x3fff_3fff_3fffL));
    }

    @Test void whatIsWrongIsNamed() {
        refused("found bits 0x0000000000004000", () -> MatrixDescriptor.decode(0x4000));
        refused("found bits", () -> MatrixDescriptor.decode(1L << 46));
        refused("found bits", () -> MatrixDescriptor.decode(1L << 52));
        refused("found bits", () -> MatrixDescriptor.decode(1L << 61));
        refused("base offset found 3", () -> MatrixDescriptor.decode(3L << 49));
        refused("stride-dimension byte offset found 0x40000", () -> new MatrixDescriptor(0, 0, 0x40000, Swizzle.NONE));
        MatrixDescriptor d = new MatrixDescriptor(0x480, 16, 1024, Swizzle.BYTES_128);
        refused("start address found 0x480", () -> d.check(64, 16, false, Element.BF16));
        new MatrixDescriptor(0x460, 16, 1024, Swizzle.BYTES_128).check(64, 16, false, Element.BF16);
        refused("start address found 0x470", () -> new MatrixDescriptor(0x470, 16, 1024, Swizzle.BYTES_128).check(64, 16, false, Element.BF16));
        refused("stride-dimension byte offset found 512", () -> new MatrixDescriptor(0x400, 16, 512, Swizzle.BYTES_128)
                .check(64, 16, false, Element.BF16));
        refused("stride-dimension byte offset found 0", () -> new MatrixDescriptor(0x400, 16, 0, Swizzle.BYTES_32).check(16, 16, false, Element.F16));
        new MatrixDescriptor(0x400, 16, 0, Swizzle.BYTES_32).check(8, 16, false, Element.F16);
        refused("leading-dimension byte offset found 16", () -> new MatrixDescriptor(0x400, 16, 1024, Swizzle.BYTES_128)
                .check(128, 16, true, Element.F16));
        refused("stride-dimension byte offset found 16", () -> new MatrixDescriptor(0x400, 1024, 16, Swizzle.BYTES_128)
                .check(64, 16, true, Element.F16));
    }

    private static void refused(String part, Executable e) {
        String message = assertThrows(IllegalArgumentException.class, e).getMessage();
        assertTrue(message.contains(part), message);
    }

    /// What a tensor copy writes (PTX ISA, "Tensor data movement"): a box of `boxRows` x `boxColumns` 16-bit numbers, row after row, every
    /// 16 bytes at `a ^ ((a >> 7) % (width / 16)) 16`. The number at (row, column) is `row << 8 | column`.
    private static void copied(int boxRows, int boxColumns, int column0, int shared, Swizzle swizzle, byte[] into) {
        for (int r = 0; r < boxRows; r++) {
            for (int c = 0; c < boxColumns; c++) {
                int linear = shared + (r * boxColumns + c) * 2;
                int to = (swizzle == Swizzle.NONE ? linear : linear ^ (linear >> 7) % (2 * boxColumns / 16) * 16) - BASE;
                into[to] = (byte) (column0 + c);
                into[to + 1] = (byte) r;
            }
        }
    }

    private static int at(byte[] shared, int address) { return shared[address - BASE] & 0xff | (shared[address - BASE + 1] & 0xff) << 8; }

    @ParameterizedTest
    @EnumSource(value = Swizzle.class, names = {"BYTES_32", "BYTES_64", "BYTES_128"})
    void aKMajorTileComesBackAtEveryStep(Swizzle swizzle) {
        int width = swizzle.width() / 2;
        byte[] shared = new byte[40_000];
        copied(128, width, 0, 0x800, swizzle, shared);
        for (int step = 0; step < width / 16; step++) {
            MatrixDescriptor d = MatrixDescriptor.decode(new MatrixDescriptor(0x800, 16, 8 * swizzle.width(), swizzle).encode() + 2 * step);
            for (int mn = 0; mn < 128; mn++) {
                for (int k = 0; k < 16; k++) assertEquals(mn << 8 | 16 * step + k, at(shared, d.address(mn, k, false, Element.BF16)));
            }
            // The second warpgroup's 64 rows.
            MatrixDescriptor second = new MatrixDescriptor(d.start() + 8 * d.stride(), 16, d.stride(), swizzle);
            assertEquals(64 << 8 | 16 * step, at(shared, second.address(0, 0, false, Element.BF16)));
            second.check(64, 16, false, Element.BF16);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Swizzle.class, names = {"BYTES_32", "BYTES_64", "BYTES_128"})
    void anMnMajorTileComesBackAtEveryStep(Swizzle swizzle) {
        int width = swizzle.width() / 2;
        int boxBytes = 64 * swizzle.width();
        byte[] shared = new byte[80_000];
        for (int block = 0; block < 2; block++) copied(64, width, block * width, 0x800 + block * boxBytes, swizzle, shared);
        for (int step = 0; step < 4; step++) {
            MatrixDescriptor d = new MatrixDescriptor(0x800 + step * 2 * 8 * swizzle.width(), boxBytes, 8 * swizzle.width(), swizzle);
            d.check(2 * width, 16, true, Element.BF16);
            for (int mn = 0; mn < 2 * width; mn++) {
                for (int k = 0; k < 16; k++) assertEquals(16 * step + k << 8 | mn, at(shared, d.address(mn, k, true, Element.BF16)));
            }
        }
    }

    /// Without swizzle a tile is made of 8 x 16-byte blocks: one TMA box of 8 columns each, 16 bytes a row.
    @Test void tilesWithoutSwizzleComeBack() {
        byte[] shared = new byte[40_000];
        for (int c = 0; c < 4; c++) copied(64, 8, 8 * c, 0x800 + c * 1024, Swizzle.NONE, shared);
        MatrixDescriptor k = new MatrixDescriptor(0x800, 1024, 128, Swizzle.NONE);
        for (int mn = 0; mn < 64; mn++) {
            for (int i = 0; i < 32; i++) assertEquals(mn << 8 | i, at(shared, k.address(mn, i, false, Element.F16)));
        }
        // The same bytes as MN-major: 64 values of k, 32 of mn.
        MatrixDescriptor mnMajor = new MatrixDescriptor(0x800, 128, 1024, Swizzle.NONE);
        for (int mn = 0; mn < 32; mn++) {
            for (int i = 0; i < 64; i++) assertEquals(i << 8 | mn, at(shared, mnMajor.address(mn, i, true, Element.F16)));
        }
    }

    @Test void piecesCoverExactlyTheElements() {
        for (Swizzle swizzle : Swizzle.values()) {
            for (Element type : new Element[] {Element.F16, Element.TF32, Element.S8}) {
                for (boolean mnMajor : new boolean[] {false, true}) {
                    if (mnMajor && type != Element.F16) continue;
                    MatrixDescriptor d = new MatrixDescriptor(0x1000, 0x8000, 2048, swizzle);
                    int depth = 32 / type.bytes();
                    Set<Integer> want = new TreeSet<>();
                    for (int mn = 0; mn < 64; mn++) {
                        for (int k = 0; k < depth; k++) want.add(d.address(mn, k, mnMajor, type) & ~15);
                    }
                    Set<Integer> got = new TreeSet<>();
                    int[] pieces = d.pieces(64, mnMajor, type);
                    for (int p : pieces) got.add(p);
                    assertEquals(want, got);
                    assertEquals(pieces.length, got.size());
                    assertEquals(128, pieces.length);
                }
            }
        }
    }
}
