package lucid.kernels.ptx.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every `mma` form, element by element through real `.ptx`: one block per element of A (then of B), which alone is 1 while the other matrix holds
/// numbers that tell its elements apart. All sums are small integers, so every accumulation order gives the same bits.
class MmaFormsTest {
    @TestFactory
    Stream<DynamicTest> everyElementOfA() {
        return MmaLayout.all().stream().map(form -> dynamicTest(form + " A", () -> check(form, form.m() * form.k(),
                (block, row, k) -> row * form.k() + k == block ? 1 : 0, (_, k, n) -> number(form.other(), k * 8 + n))));
    }

    @TestFactory
    Stream<DynamicTest> everyElementOfB() {
        return MmaLayout.all().stream().map(form -> dynamicTest(form + " B", () -> check(form, form.k() * 8,
                (_, row, k) -> number(form.type(), row * form.k() + k), (block, k, n) -> k * 8 + n == block ? 1 : 0)));
    }

    /// Small factors everywhere, so that a whole row meets a whole column.
    @TestFactory
    Stream<DynamicTest> fullMatrices() {
        return MmaLayout.all().stream().map(form -> dynamicTest(form + " full", () -> check(form, 2,
                (block, row, k) -> (row * 5 + k * 3 + block) % 3, (block, k, n) -> (k * 7 + n * 2 + block) % 4)));
    }

    @FunctionalInterface
    private interface Matrix {
        int at(int block, int row, int column);
    }

    /// A number that the type holds exactly, different for as many neighbours as it can.
    private static int number(String type, int index) {
        return switch (type) {
            case "f16", "tf32" -> 1 + index % 1021;
            case "bf16" -> 1 + index % 251;
            case "e4m3" -> 1 + index % 13;
            case "e5m2" -> 1 + index % 7;
            case "s8" -> index % 251 - 125;
            case "u8" -> 1 + index % 253;
            case "s4" -> index % 15 - 7;
            case "u4" -> 1 + index % 13;
            default -> 1 + index;
        };
    }

    private static void check(MmaLayout form, int blocks, Matrix a, Matrix b) {
        int wide = form.d().equals("f64") ? 64 : 32;
        int aElements = form.m() * form.k() / 32;
        int bElements = form.k() * 8 / 32;
        int cElements = form.m() * 8 / 32;
        int aRegisters = Math.max(1, aElements * MmaLayout.bits(form.type()) / wide);
        int bRegisters = Math.max(1, bElements * MmaLayout.bits(form.other()) / wide);
        int cRegisters = cElements * MmaLayout.bits(form.d()) / wide;
        var left = new Registers(blocks, aRegisters, wide);
        var right = new Registers(blocks, bRegisters, wide);
        var sum = new Registers(blocks, cRegisters, wide);
        for (int block = 0; block < blocks; block++) {
            for (int lane = 0; lane < 32; lane++) {
                int g = lane >> 2;
                int t = lane & 3;
                for (int i = 0; i < aElements; i++) {
                    left.put(block, lane, i, form.type(), a.at(block, form.aRow().of(g, t, i), form.aColumn().of(g, t, i)));
                }
                for (int i = 0; i < bElements; i++) {
                    right.put(block, lane, i, form.other(), b.at(block, form.bRow().of(g, t, i), g));
                }
                for (int i = 0; i < cElements; i++) {
                    sum.put(block, lane, i, form.d(), offset(form.cRow(g, i), form.cColumn(t, i)));
                }
            }
        }
        Registers result = run(form, blocks, left, right, sum);
        for (int block = 0; block < blocks; block++) {
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < cElements; i++) {
                    int row = form.cRow(lane >> 2, i);
                    int column = form.cColumn(lane & 3, i);
                    int expected = offset(row, column);
                    for (int k = 0; k < form.k(); k++) {
                        expected += a.at(block, row, k) * b.at(block, k, column);
                    }
                    int at = block;
                    assertEquals(encode(form.d(), expected), result.get(block, lane, i, form.d()), () -> form + " block " + at + " element (" + row
                            + ", " + column + ")");
                }
            }
        }
    }

    private static int offset(int row, int column) {
        return row * 8 + column;
    }

    private static Registers run(MmaLayout form, int blocks, Registers a, Registers b, Registers c) {
        var memory = new GlobalMemory(1);
        long out = memory.allocate("d", c.bytes.length);
        RunReport report = Launch.of(PtxModule.parse("mma.ptx", text(form, a.count, b.count, c.count, a.width)), null).grid(blocks, 1, 1)
                .block(32, 1, 1).memory(memory)
                .argument("a", memory.allocate("a", a.bytes)).argument("b", memory.allocate("b", b.bytes))
                        .argument("c", memory.allocate("c", c.bytes)).argument("d", out).run();
        assertEquals(List.of(), report.findings());
        return new Registers(memory.read(out, c.bytes.length), c.count, c.width);
    }

    static String text(MmaLayout form, int a, int b, int c, int width) {
        String accumulator = form.d().equals("f16") ? "b32" : form.d();
        String factor = width == 64 ? "f64" : "b32";
        return ".version " + form.version() + "\n.target sm_90\n.address_size 64\n.visible .entry mma(.param .u64 a, .param .u64 b, .param .u64 c, "
                + ".param .u64 d)\n{\n"
                + "    .reg .u32 %lane, %block, %index;\n    .reg .u64 %at, %step;\n    .reg ." + factor + " a<8>, b<8>;\n    .reg ." + accumulator
                        + " c<8>, d<8>;\n"
                + "    mov.u32 %lane, %laneid;\n    mov.u32 %block, %ctaid.x;\n"
                + move("a", a, width, true) + move("b", b, width, true) + move("c", c, width, true)
                + "    " + form.text() + " " + vector("d", c) + ", " + vector("a", a) + ", " + vector("b", b) + ", " + vector("c", c) + ";\n"
                + move("d", c, width, false) + "    ret;\n}\n";
    }

    private static String vector(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + i).collect(Collectors.joining(", ", "{", "}"));
    }

    private static String move(String name, int count, int width, boolean load) {
        var text = new StringBuilder("    ld.param.u64 %at, [" + name + "];\n    mad.lo.u32 %index, %block, " + count * 32
                + ", %lane;\n    mul.wide.u32 %step, %index, " + width / 8
                + ";\n    add.u64 %at, %at, %step;\n");
        for (int i = 0; i < count; i++) {
            String place = "[%at+" + i * 32 * width / 8 + "]";
            text.append("    ").append(load ? "ld.global.b" + width + " " + name + i + ", " + place : "st.global.b" + width + " " + place + ", "
                    + name + i).append(";\n");
        }
        return text.toString();
    }

    /// Registers of all lanes of all blocks: word r of a lane is at ((block * count + r) * 32 + lane).
    private static final class Registers {
        private final byte[] bytes;
        private final ByteBuffer buffer;
        private final int count;
        private final int width;

        Registers(int blocks, int count, int width) {
            this(new byte[blocks * count * 32 * width / 8], count, width);
        }

        Registers(byte[] bytes, int count, int width) {
            this.bytes = bytes;
            this.buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            this.count = count;
            this.width = width;
        }

        private int at(int block, int lane, int bit) {
            return ((block * count + bit / width) * 32 + lane) * width / 8;
        }

        void put(int block, int lane, int i, String type, int value) {
            int bits = MmaLayout.bits(type);
            int at = at(block, lane, i * bits);
            int shift = i * bits % width;
            if (width == 64) {
                buffer.putLong(at, encode(type, value));
            } else {
                buffer.putInt(at, buffer.getInt(at) | (int) encode(type, value) << shift);
            }
        }

        long get(int block, int lane, int i, String type) {
            int bits = MmaLayout.bits(type);
            int at = at(block, lane, i * bits);
            return width == 64 ? buffer.getLong(at) : buffer.getInt(at) >>> i * bits % width & -1L >>> 64 - bits;
        }
    }

    /// A small integer in a type's bits; the 8-bit floats by hand: exponent and leading bits of the fraction.
    private static long encode(String type, int value) {
        int exponent = value == 0 ? 0 : 31 - Integer.numberOfLeadingZeros(value);
        return switch (type) {
            case "f16" -> Float.floatToFloat16(value) & 0xffffL;
            case "bf16" -> Float.floatToRawIntBits(value) >>> 16;
            case "tf32", "f32" -> Float.floatToRawIntBits(value) & 0xffffffffL;
            case "f64" -> Double.doubleToRawLongBits(value);
            case "e4m3" -> value == 0 ? 0 : exponent + 7 << 3 | (value << 3 >> exponent) & 7;
            case "e5m2" -> value == 0 ? 0 : exponent + 15 << 2 | (value << 2 >> exponent) & 3;
            default -> value & -1L >>> 64 - MmaLayout.bits(type);
        };
    }
}
