package lucid.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.contract.operand.RowPlaces;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// [Matrix], [RowGroups] and [RowPlaces] say what rows are; what they were checked for stays true.
class ViewsTest {
    private record Block(DType dtype, long length) implements Buffer {
        @Override public void close() {}
    }

    /// What such a view needs is more than a long holds: `2^31 - 2` rows of `2^33`, and an offset near the end.
    @ParameterizedTest
    @CsvSource({"0, 2147483647, 8589934592", "0, 3, 4611686018427387904", "9223372036854775807, 1, 4", "9223372036854775800, 2, 7"})
    void aViewBeyondEveryBufferIsRefused(long offset, int rows, long stride) {
        String message = assertThrows(IllegalArgumentException.class, () -> new Matrix(new Block(DType.F32, 100), offset, rows, 4, stride))
                .getMessage();
        assertTrue(message.contains("the buffer has 100"), message);
    }

    @Test void aViewMayEndWithItsBuffer() {
        assertEquals(8, new Matrix(new Block(DType.F32, 11), 1, 2, 4, 6).size());
        assertThrows(IllegalArgumentException.class, () -> new Matrix(new Block(DType.F32, 10), 1, 2, 4, 6));
    }

    @Test void oneRowIsDenseAndSoIsNothing() {
        Block block = new Block(DType.F32, 12);
        assertTrue(new Matrix(block, 0, 2, 6, 6).isDense());
        assertTrue(new Matrix(block, 3, 1, 4, 6).isDense());
        assertTrue(new Matrix(block, 3, 2, 0, 6).isDense());
        assertFalse(new Matrix(block, 0, 2, 4, 6).isDense());
    }

    @Test void groupsAndPlacesOwnTheirNumbers() {
        int[] given = {0, 2, 5};
        RowGroups groups = new RowGroups(given);
        RowPlaces places = new RowPlaces(given);
        given[1] = 9;
        groups.offsets()[2] = 1;
        places.rows()[0] = 5;
        assertArrayEquals(new int[] {0, 2, 5}, groups.offsets());
        assertArrayEquals(new int[] {0, 2, 5}, places.rows());
    }
}
