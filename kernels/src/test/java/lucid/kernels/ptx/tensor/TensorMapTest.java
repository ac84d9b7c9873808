package lucid.kernels.ptx.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Encode rules, boxes at and over every edge, swizzles against the tables of the ISA, handles.
class TensorMapTest {
    private static final TensorMap.Type BF16 = TensorMap.Type.BFLOAT16;

    private static TensorMap map(TensorMap.Type type, long address, List<Long> sizes, List<Long> strides, List<Integer> box, Swizzle swizzle) {
        return new TensorMap(type, address, sizes, strides, box, swizzle, TensorMap.Fill.ZERO);
    }

    private static void refused(String part, Executable e) {
        String message = assertThrows(IllegalArgumentException.class, e).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test void everyRuleNamesItsField() {
        map(BF16, 32, List.of(100L, 7L), List.of(208L), List.of(64, 256), Swizzle.BYTES_128);
        refused("rank found 6", () -> map(BF16, 0, List.of(8L, 1L, 1L, 1L, 1L, 1L), List.of(16L, 16L, 16L, 16L, 16L), List.of(8, 1, 1, 1, 1, 1), Swizzle.NONE));
        refused("rank found 0", () -> map(BF16, 0, List.of(), List.of(), List.of(), Swizzle.NONE));
        refused("number of strides found 0", () -> map(BF16, 0, List.of(8L, 8L), List.of(), List.of(8, 8), Swizzle.NONE));
        refused("number of box dimensions found 1", () -> map(BF16, 0, List.of(8L, 8L), List.of(16L), List.of(8), Swizzle.NONE));
        refused("global address found 0x8", () -> map(BF16, 8, List.of(8L), List.of(), List.of(8), Swizzle.NONE));
        refused("size of dimension 0 found 0", () -> map(BF16, 0, List.of(0L), List.of(), List.of(8), Swizzle.NONE));
        refused("size of dimension 1 found 4294967297", () -> map(BF16, 0, List.of(8L, (1L << 32) + 1), List.of(16L), List.of(8, 8), Swizzle.NONE));
        refused("stride of dimension 1 found 24", () -> map(BF16, 0, List.of(8L, 8L), List.of(24L), List.of(8, 8), Swizzle.NONE));
        refused("stride of dimension 1", () -> map(BF16, 0, List.of(8L, 8L), List.of(1L << 40), List.of(8, 8), Swizzle.NONE));
        refused("box dimension 1 found 257", () -> map(BF16, 0, List.of(8L, 8L), List.of(16L), List.of(8, 257), Swizzle.NONE));
        refused("box dimension 0 found 0", () -> map(BF16, 0, List.of(8L), List.of(), List.of(0), Swizzle.NONE));
        refused("bytes of box dimension 0 found 8", () -> map(BF16, 0, List.of(8L), List.of(), List.of(4), Swizzle.NONE));
        refused("bytes of box dimension 0 found 256", () -> map(BF16, 0, List.of(512L), List.of(), List.of(128), Swizzle.BYTES_128));
        refused("bytes of box dimension 0 found 64", () -> map(BF16, 0, List.of(512L), List.of(), List.of(32), Swizzle.BYTES_128));
        refused("fill found NAN", () -> new TensorMap(TensorMap.Type.INT32, 0, List.of(8L), List.of(), List.of(8), Swizzle.NONE, TensorMap.Fill.NAN));
        TensorMap m = map(BF16, 0, List.of(64L, 8L), List.of(128L), List.of(64, 8), Swizzle.BYTES_128);
        refused("number of coordinates found 1", () -> m.walk(new int[1], 0, null));
        refused("shared address of the box found 0x200, wanted a multiple of 1024", () -> m.walk(new int[2], 512, null));
        assertEquals(1024, m.boxBytes());
    }

    /// Copies a box the way the ISA words it, element by element.
    private static byte[] elementwise(TensorMap m, byte[] global, int[] corner, int shared, int bytes) {
        byte[] out = new byte[bytes];
        Arrays.fill(out, (byte) 0x55);
        int size = m.type().bytes();
        int[] i = new int[m.rank()];
        for (int element = 0; element < m.boxBytes() / size; element++) {
            int rest = element;
            long from = m.address();
            boolean inside = true;
            for (int d = 0; d < m.rank(); d++) {
                i[d] = rest % m.box().get(d);
                rest /= m.box().get(d);
                long at = (long) corner[d] + i[d];
                inside &= at >= 0 && at < m.sizes().get(d);
                from += at * (d == 0 ? size : m.strides().get(d - 1));
            }
            int linear = shared + element * size;
            int width = m.swizzle().width();
            int to = width == 0 ? linear : linear ^ (linear / 128 % 8 % (width / 16)) * 16;
            for (int b = 0; b < size; b++) out[to + b] = inside ? global[(int) from + b] : 0;
        }
        return out;
    }

    @Test void boxesAreCopiedElementForElement() {
        Random random = new Random(6);
        byte[] global = new byte[1 << 16];
        random.nextBytes(global);
        for (int round = 0; round < 300; round++) {
            TensorMap.Type type = TensorMap.Type.values()[random.nextInt(10)];
            Swizzle swizzle = Swizzle.values()[random.nextInt(4)];
            int rank = 1 + random.nextInt(4);
            List<Long> sizes = new ArrayList<>();
            List<Long> strides = new ArrayList<>();
            List<Integer> box = new ArrayList<>();
            int[] corner = new int[rank];
            long stride = 16L * (4 + random.nextInt(6));
            for (int d = 0; d < rank; d++) {
                sizes.add(d == 0 ? 1 + random.nextLong(stride / type.bytes()) : 1 + random.nextLong(6));
                if (d > 0) {
                    strides.add(stride);
                    stride = stride * sizes.get(d) + 16 * random.nextInt(2);
                }
                box.add(d == 0 ? (swizzle.width() == 0 ? 16 * (1 + random.nextInt(8)) : swizzle.width()) / type.bytes() : 1 + random.nextInt(5));
                corner[d] = random.nextInt(-box.get(d) - 1, (int) (sizes.get(d) + 2));
            }
            TensorMap m = map(type, 0x100, sizes, strides, box, swizzle);
            int shared = m.sharedAlignment() * random.nextInt(3);
            byte[] want = elementwise(m, global, corner, shared, 1 << 17);
            byte[] got = new byte[1 << 17];
            Arrays.fill(got, (byte) 0x55);
            int[] bytes = new int[1];
            m.walk(corner, shared, new TensorMap.Pieces() {
                @Override public void inside(long from, int to, int count) {
                    System.arraycopy(global, (int) from, got, to, count);
                    bytes[0] += count;
                }

                @Override public void outside(int to, int count) {
                    m.fillOutside(got, to, count);
                    bytes[0] += count;
                }
            });
            assertArrayEquals(want, got, m + " at " + Arrays.toString(corner));
            assertEquals(m.boxBytes(), bytes[0]);
        }
    }

    @Test void addressesBeyond32BitsAreExact() {
        TensorMap m = map(BF16, 1L << 44, List.of(1L << 32, 1L << 20), List.of(1L << 34), List.of(8, 2), Swizzle.NONE);
        List<Long> from = new ArrayList<>();
        m.walk(new int[] {Integer.MAX_VALUE - 3, 1 << 19}, 0, new TensorMap.Pieces() {
            @Override public void inside(long global, int shared, int bytes) { from.add(global); }

            @Override public void outside(int shared, int bytes) { from.add(-1L); }
        });
        assertEquals(List.of((1L << 44) + (1L << 53) + 2L * (Integer.MAX_VALUE - 3), (1L << 44) + (1L << 53) + (1L << 34) + 2L * (Integer.MAX_VALUE - 3)), from);
    }

    /// PTX ISA, "Swizzling modes": which 16-byte chunk of row r (of 128 bytes of shared memory) holds logical chunk c.
    @Test void swizzlesAreThoseOfTheTables() {
        int[][] by32 = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}, {0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}};
        int[][] by64 = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}, {2, 3, 0, 1, 6, 7, 4, 5}, {3, 2, 1, 0, 7, 6, 5, 4}};
        int[][] by128 = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}, {2, 3, 0, 1, 6, 7, 4, 5}, {3, 2, 1, 0, 7, 6, 5, 4},
            {4, 5, 6, 7, 0, 1, 2, 3}, {5, 4, 7, 6, 1, 0, 3, 2}, {6, 7, 4, 5, 2, 3, 0, 1}, {7, 6, 5, 4, 3, 2, 1, 0}};
        check(Swizzle.BYTES_32, by32);
        check(Swizzle.BYTES_64, by64);
        check(Swizzle.BYTES_128, by128);
        for (int a = 0; a < 4096; a += 16) assertEquals(a, Swizzle.NONE.apply(a));
    }

    private static void check(Swizzle swizzle, int[][] table) {
        for (int row = 0; row < table.length; row++) {
            for (int chunk = 0; chunk < 8; chunk++) {
                for (int base : new int[] {0, 1024, 0x12400}) {
                    int at = base + 128 * row + 16 * chunk;
                    assertEquals(base + 128 * row + 16 * table[row][chunk] + 5, swizzle.apply(at + 5), swizzle + " row " + row + " chunk " + chunk);
                }
            }
        }
    }

    @Test void nanFillIsNaN() {
        TensorMap m = new TensorMap(BF16, 0, List.of(8L), List.of(), List.of(8), Swizzle.NONE, TensorMap.Fill.NAN);
        byte[] bytes = new byte[6];
        m.fillOutside(bytes, 2, 4);
        assertArrayEquals(new byte[] {0, 0, -1, 0x7f, -1, 0x7f}, bytes);
    }

    @Test void handlesAreRecognised() {
        byte[] bytes = new byte[300];
        System.arraycopy(TensorMap.handle(77), 0, bytes, 64, 128);
        assertEquals(77, TensorMap.index(bytes, 64));
        refused("wanted a map", () -> TensorMap.index(bytes, 0));
        bytes[64 + 100] = 1;
        refused("wanted a map", () -> TensorMap.index(bytes, 64));
        bytes[64 + 100] = 0;
        bytes[64 + 16] = 78;
        refused("wanted a map", () -> TensorMap.index(bytes, 64));
        refused("found 100 bytes", () -> TensorMap.index(bytes, 200));
    }
}
