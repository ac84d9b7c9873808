package lucid.kernels.ptx.tensor.form;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// The swizzles, and their codes in a descriptor.
class SwizzleTest {
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

    @Test void descriptorCodesCountDown() {
        assertEquals(Swizzle.NONE, Swizzle.ofDescriptor(0));
        assertEquals(Swizzle.BYTES_128, Swizzle.ofDescriptor(1));
        assertEquals(Swizzle.BYTES_64, Swizzle.ofDescriptor(2));
        assertEquals(Swizzle.BYTES_32, Swizzle.ofDescriptor(3));
    }
}
