package lucid.grpo.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import lucid.nn.file.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelArgumentTest {
    @ParameterizedTest
    @CsvSource({"u32:256,100", "s32:-1,ffffffff", "f32:1.5,3fc00000", "bf16:1.0,3f80", "f16:-2,c000", "u64:18446744073709551615,ffffffffffffffff",
            "u8:0xff,ff", "f64:1,3ff0000000000000"})
    void scalarsBecomeTheBitsOfTheirType(String written, String bits) {
        var scalar = (KernelArgument.Scalar) KernelArgument.parse("x=" + written);
        assertEquals(Long.parseUnsignedLong(bits, 16), scalar.bits());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"n|wanted NAME=TYPE", "n=u33:1|unknown type 'u33'", "n=u8:256|does not fit", "n=s8:-129|does not fit",
            "n=u32:1.5|wanted a number", "n=f32:abc|wanted a number",
            "out=f32[0]:zero|at least 1", "out=f32[8]:ones|found contents 'ones'", "out=f32[8]:normal(1,2)|normal has 2 numbers",
                    "out=f32[8]:uniform(1,2,2)|is not below", "out=f32[8]:uniform(a,0,1)|wants numbers"})
    void whatIsWrongIsSaid(String text, String message) {
        var error = assertThrows(IllegalArgumentException.class, () -> KernelArgument.parse(text));
        assertTrue(error.getMessage().contains(message) && error.getMessage().contains(text), error.getMessage());
    }

    private static float[] floats(String text) {
        var buffer = (KernelArgument.Buffer) KernelArgument.parse(text);
        float[] out = new float[(int) buffer.elements()];
        ByteBuffer.wrap(Contents.bytes(buffer)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(out);
        return out;
    }

    @Test
    void contents(@TempDir Path folder) {
        assertArrayEquals(new float[] {0, 1, 2, 3}, floats("x=f32[4]:iota"));
        assertNull(Contents.bytes((KernelArgument.Buffer) KernelArgument.parse("x=f32[3_000_000_000]:zero")));
        float[] normal = floats("x=f32[20000]:normal(3)");
        assertArrayEquals(normal, floats("x=f32[20000]:normal(3)"));
        double mean = 0;
        double square = 0;
        for (float v : normal) {
            mean += v / normal.length;
            square += (double) v * v / normal.length;
        }
        assertEquals(0, mean, 0.03);
        assertEquals(1, square, 0.05);
        for (float v : floats("x=f32[1000]:uniform(3,-2,5)")) assertTrue(v >= -2 && v < 5);
        Path file = folder.resolve("w.safetensors");
        new SafetensorsWriter().add("w", new float[] {4, 5, 6}, 3).write(file);
        assertArrayEquals(new float[] {4, 5, 6}, floats("x=f32[3]:" + file + "#w"));
        var wrong = assertThrows(IllegalArgumentException.class, () -> floats("x=f32[4]:" + file + "#w"));
        assertTrue(wrong.getMessage().contains("3 elements") && wrong.getMessage().contains("wanted 4"), wrong.getMessage());
    }
}
