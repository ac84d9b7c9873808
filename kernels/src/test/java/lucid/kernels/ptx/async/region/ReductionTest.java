package lucid.kernels.ptx.async.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.ptx.text.syntax.PtxType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReductionTest {
    @ParameterizedTest
    @CsvSource({
        "add, U32, ffffffff, 2, 1", "add, U64, ffffffffffffffff, 1, 0", "add, F32, 3f800000, 40000000, 40400000",
                "add, F64, 3ff0000000000000, 3ff0000000000000, 4000000000000000",
        "add, F16, 3c00, 4000, 4200", "add, BF16, 3f80, 4000, 4040", "add, F16, 7bff, 7bff, 7c00", "add, F16, 6800, 3c00, 6800",
        "min, S32, ffffffff, 1, ffffffff", "max, S32, ffffffff, 1, 1", "min, U32, ffffffff, 1, 1", "max, U32, ffffffff, 1, ffffffff",
        "max, U64, ffffffffffffffff, 1, ffffffffffffffff", "min, S64, ffffffffffffffff, 1, ffffffffffffffff", "max, BF16, bf80, 3f80, 3f80",
                "min, F16, 7fff, 3c00, 3c00",
        "inc, U32, 3, 5, 4", "inc, U32, 5, 5, 0", "inc, U32, 6, 5, 0", "dec, U32, 3, 5, 2", "dec, U32, 0, 5, 5", "dec, U32, 7, 5, 5",
        "and, B32, c, a, 8", "or, B32, c, a, e", "xor, B64, c, a, 6"})
    void oneElement(String op, PtxType type, String a, String b, String wanted) {
        long mask = -1L >>> 64 - type.bits();
        long found = new Reduction(op, type).combine(Long.parseUnsignedLong(a, 16), Long.parseUnsignedLong(b, 16));
        assertEquals(wanted, Long.toHexString(found & mask));
        assertTrue(new Reduction(op, type).legal());
    }

    @Test
    void combinationsThatPtxDoesNotHave() {
        for (String form : new String[] {"min F32", "max F64", "and U32", "inc S32", "add B32", "add S64", "mul U32"}) {
            String[] words = form.split(" ");
            assertFalse(new Reduction(words[0], PtxType.valueOf(words[1])).legal(), form);
        }
        assertEquals(8, Reduction.OPS.size());
    }
}
