package lucid.kernels.ptx.async.region;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import lucid.kernels.ptx.tensor.form.Swizzle;
import org.junit.jupiter.api.Test;

class TensorMapTest {
    private static TensorMap map(long address, long[] dims, long[] strides, int[] box, Swizzle swizzle) {
        return new TensorMap(TensorMap.Type.BF16, address, dims, strides, box, swizzle, false);
    }

    @Test
    void encodingKeepsEveryField() {
        var map = new TensorMap(TensorMap.Type.F32, 0x7f00_0000_1230L, new long[] {1L << 32, 3, 5, 7, 9},
                new long[] {16, 4096, 1L << 39, (1L << 40) - 16},
                new int[] {8, 256, 1, 2, 3}, Swizzle.BYTES_64, true);
        TensorMap back = TensorMap.decode(map.encode());
        assertEquals(map.type(), back.type());
        assertEquals(map.address(), back.address());
        assertArrayEquals(map.dims(), back.dims());
        assertArrayEquals(map.strides(), back.strides());
        assertArrayEquals(map.box(), back.box());
        assertEquals(map.swizzle(), back.swizzle());
        assertTrue(back.nanFill());
        assertEquals(8 * 256 * 6 * 4, back.boxBytes());
    }

    @Test
    void otherBytesAreNoMap() {
        assertNull(TensorMap.decode(new byte[128]));
    }

    @Test
    void rowsAreClippedAtEveryEdge() {
        // 5 rows of 24 elements (48 bytes), rows 64 bytes apart; a box of 3 x 16 elements
        TensorMap map = map(0x1000, new long[] {24, 5}, new long[] {64}, new int[] {16, 3}, Swizzle.NONE);
        assertEquals(List.of("0: 1000+0 32", "1: 1040+0 32", "2: 1080+0 32"), rows(map, 0, 0));
        assertEquals(List.of("0: 10e0+0 16", "1: 1120+0 16", "2: -"), rows(map, 16, 3), "right and bottom");
        assertEquals(List.of("0: -", "1: 1000+6 26", "2: 1040+6 26"), rows(map, -3, -1), "left and top");
        assertEquals(List.of("0: -", "1: -", "2: -"), rows(map, 24, 0));
        assertEquals(List.of("0: -", "1: -", "2: -"), rows(map, -16, 0));
        assertEquals(List.of("0: -", "1: -", "2: -"), rows(map, 0, 5));
    }

    @Test
    void higherDimensionsRunInOrder() {
        TensorMap map = map(0x1000, new long[] {8, 4, 2}, new long[] {16, 64}, new int[] {8, 2, 2}, Swizzle.NONE);
        assertEquals(List.of("0: 1020+0 16", "1: 1030+0 16", "2: 1060+0 16", "3: 1070+0 16"), rows(map, 0, 2, 0));
    }

    @Test
    void addressesPassTwoToTheThirtyTwo() {
        TensorMap map = map(0x1_0000_0000L, new long[] {1L << 32, 4}, new long[] {1L << 33}, new int[] {8, 1}, Swizzle.NONE);
        assertEquals(List.of("0: 100000000+0 16"), rows(map(16, new long[] {1L << 32, 4}, new long[] {1L << 33}, new int[] {8, 1}, Swizzle.NONE),
                0x7fff_fff8, 0));
        assertEquals(List.of("0: 700000000+0 16"), rows(map, 0, 3));
        assertEquals(List.of("0: -"), rows(map, Integer.MIN_VALUE, 3));
    }

    @Test
    void rulesAreNamed() {
        long[] dims = {64, 64};
        long[] strides = {128};
        int[] box = {64, 8};
        refused("address is 8", () -> map(8, dims, strides, box, Swizzle.NONE));
        refused("rank is 0", () -> map(16, new long[0], strides, box, Swizzle.NONE));
        refused("number of strides is 0", () -> map(16, dims, new long[0], box, Swizzle.NONE));
        refused("stride of dimension 1 is 24", () -> map(16, dims, new long[] {24}, box, Swizzle.NONE));
        refused("box extent 1 is 257", () -> map(16, dims, strides, new int[] {64, 257}, Swizzle.NONE));
        refused("inner box row in bytes is 24", () -> map(16, dims, strides, new int[] {12, 8}, Swizzle.NONE));
        refused("inner box row in bytes is 128", () -> map(16, dims, strides, box, Swizzle.BYTES_64));
        refused("extent of dimension 0 is 0", () -> map(16, new long[] {0, 1}, strides, box, Swizzle.NONE));
        refused("NaN fill", () -> new TensorMap(TensorMap.Type.U8, 16, dims, strides, box, Swizzle.NONE, true));
    }

    private static void refused(String text, Supplier<TensorMap> make) {
        String message = assertThrows(IllegalArgumentException.class, make::get).getMessage();
        assertTrue(message.contains(text), message);
    }

    private static List<String> rows(TensorMap map, int... corner) {
        var seen = new ArrayList<String>();
        map.rows(corner, (row, global, skip, bytes) -> seen.add(row + ": "
                + (bytes == 0 ? "-" : Long.toHexString(global) + "+" + skip + " " + bytes)));
        return seen;
    }
}
