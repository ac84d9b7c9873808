package lucid.kernels.ptx.async;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import lucid.kernels.ptx.text.PtxType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReductionTest {
    @ParameterizedTest
    @CsvSource({
        "add, U32, ffffffff, 2, 1", "add, U64, ffffffffffffffff, 1, 0", "add, F32, 3f800000, 40000000, 40400000", "add, F64, 3ff0000000000000, 3ff0000000000000, 4000000000000000",
        "add, F16, 3c00, 4000, 4200", "add, BF16, 3f80, 4000, 4040", "add, F16, 7bff, 7bff, 7c00", "add, F16, 6800, 3c00, 6800",
        "min, S32, ffffffff, 1, ffffffff", "max, S32, ffffffff, 1, 1", "min, U32, ffffffff, 1, 1", "max, U32, ffffffff, 1, ffffffff",
        "max, U64, ffffffffffffffff, 1, ffffffffffffffff", "min, S64, ffffffffffffffff, 1, ffffffffffffffff", "max, BF16, bf80, 3f80, 3f80", "min, F16, 7fff, 3c00, 3c00",
        "inc, U32, 3, 5, 4", "inc, U32, 5, 5, 0", "inc, U32, 6, 5, 0", "dec, U32, 3, 5, 2", "dec, U32, 0, 5, 5", "dec, U32, 7, 5, 5",
        "and, B32, c, a, 8", "or, B32, c, a, e", "xor, B64, c, a, 6"})
    void oneElement(String op, PtxType type, String a, String b, String wanted) {
        int size = type.bytes();
        byte[] target = bytes(a, size);
        new Reduction(op, type).apply(target, 0, bytes(b, size), 0, size);
        assertArrayEquals(bytes(wanted, size), target);
        assertTrue(new Reduction(op, type).legal());
    }

    @Test
    void rangesAndOffsets() {
        byte[] target = new byte[16];
        new Reduction("add", PtxType.U32).apply(target, 4, new byte[] {0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0}, 4, 8);
        assertArrayEquals(new byte[] {0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, target);
    }

    @Test
    void combinationsThatPtxDoesNotHave() {
        for (String form : new String[] {"min F32", "max F64", "and U32", "inc S32", "add B32", "add S64", "mul U32"}) {
            String[] words = form.split(" ");
            assertFalse(new Reduction(words[0], PtxType.valueOf(words[1])).legal(), form);
        }
        assertEquals(8, Reduction.OPS.size());
    }

    private static byte[] bytes(String hex, int size) {
        var buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(Long.parseUnsignedLong(hex, 16));
        return java.util.Arrays.copyOf(buffer.array(), size);
    }
}
