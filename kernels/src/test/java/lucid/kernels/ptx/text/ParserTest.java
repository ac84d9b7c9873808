package lucid.kernels.ptx.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParserTest {
    private static final String HEAD = ".version 8.0\n.target sm_90a\n.address_size 64\n";

    private static Entry body(String body) {
        return PtxModule.parse("t.ptx", HEAD + ".visible .entry k(.param .u64 out, .param .u32 n)\n{\n" + body + "\n}\n").entry(null);
    }

    private static Instruction one(String declarations, String instruction) {
        return body(declarations + "\n" + instruction).instructions().getFirst();
    }

    @Test
    void aKernelIsReadWhole() {
        PtxModule module = PtxModule.parse("add.ptx", HEAD + """
                .extern .shared .align 1024 .b8 dyn[];
                .const .f32 table[3] = {1.0, 0f40000000, -3.5};
                .visible .entry add(.param .u64 .ptr .global .align 16 a, .param .u32 n, .param .align 64 .b8 map[128])
                .maxntid 256,1,1
                .minnctapersm 2
                {
                    .reg .pred p; .reg .f32 x<3>; .reg .b64 base;
                    .shared .b32 tile[4][8];
                    ld.param.u64 base, [a];          // @src 7
                LOOP:
                    @!p bra LOOP;
                    ld.global.v2.f32 {x0, x1}, [base+8];
                    ret;
                }
                """);
        assertEquals(80, module.version());
        Entry entry = module.entry("add");
        assertEquals(List.of(0L, 8L, 64L), entry.parameters().stream().map(Variable::offset).toList());
        assertEquals(192, entry.parameterBytes());
        assertArrayEquals(new int[] {256, 1, 1}, entry.bounds().maxThreads());
        assertEquals(2, entry.bounds().minBlocks());
        assertEquals(List.of("tile", "dyn"), entry.shared().stream().map(Variable::name).toList());
        assertEquals(128, entry.shared().getFirst().bytes());
        assertTrue(entry.shared().getLast().dynamic());
        assertEquals(List.of(1, 3, 1), List.of(entry.predicates(), entry.words(), entry.wides()));
        assertEquals(7, entry.instructions().get(0).source());
        Instruction branch = entry.instructions().get(1);
        assertTrue(branch.guard().negated());
        assertEquals(new Operand.Label("LOOP", 1), branch.operands().getFirst());
        Instruction load = entry.instructions().get(2);
        assertEquals("ld.global.v2.f32 {x0, x1}, [base+8]", load.text());
        assertEquals(Space.GLOBAL, load.space());
        assertEquals(8, ((Operand.Address) load.operands().get(1)).offset());
        assertArrayEquals(new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x60, (byte) 0xc0},
                module.variables().stream().filter(v -> v.name().equals("table")).findFirst().orElseThrow().initial());
    }

    @Test
    void innerScopesHideOuterNamesAndLabels() {
        Entry entry = body("""
                .reg .u32 a;
                mov.u32 a, 1;
                { .reg .u32 a; mov.u32 a, 2; L: bra L; }
                { L: bra L; }
                mov.u32 a, 3;""");
        var slots = entry.instructions().stream().filter(i -> i.opcode().equals("mov"))
                .map(i -> ((Operand.Reg) i.operands().getFirst()).register().slot()).toList();
        assertEquals(slots.get(0), slots.get(2));
        assertNotEquals(slots.get(0), slots.get(1));
        assertEquals(2, ((Operand.Label) entry.instructions().get(2).operands().getFirst()).target());
        assertEquals(3, ((Operand.Label) entry.instructions().get(3).operands().getFirst()).target());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "10|10", "0x1F|31", "017|15", "0b101|5", "7U|7", "-4|-4", "1<<4|16", "(2+3)*4|20", "-7/2|-3", "-7 % 2|1", "~0|-1", "1 ? 5 : 6|5",
                "3 == 3 && 2 > 1|1",
        "WARP_SZ|32", "0xFFFFFFFFFFFFFFFF|-1", "'1 | 6 & 3'|3", "10 - 2 - 3|5", "!5|0",
        "-8U >> 1|0x7FFFFFFFFFFFFFFC", "-8 >> 1|-4", "-8 / 3U|0x5555555555555552", "5 % -3|5", "-7 % -3|-7", "~0 >> 1|0x7FFFFFFFFFFFFFFF",
                "~0 / 2|0x7FFFFFFFFFFFFFFF",
        "-1 < 0U|0", "-1 < 0|1", "'(1|2) - 4 > 0'|0", "'(-1 | 0) / 2'|0", "(-1 & -1) >> 1|-1", "(5U < 6) - 2 < 0|1", "(-5 % 3) - 3 < 0|0",
                "9223372036854775808 >> 1|0x4000000000000000",
        "9223372036854775807 + 1 > 0|0", "(1 ? -1 : 0U) / 2|0", "-9223372036854775808 / -1|0", "(.s64) ~0 >> 1|-1",
                "(.u64) -1 / 2|0x7FFFFFFFFFFFFFFF", "(.s64)-7 % 3|0"})
    void integerConstants(String written, String decoded) {
        long value = Long.decode(decoded);
        var mov = one(".reg .b64 d;", "mov.b64 d, " + written + ";");
        assertEquals(new Operand.Immediate(Operand.Immediate.Kind.INTEGER, value), mov.operands().get(1));
    }

    @ParameterizedTest
    @CsvSource({"0f3F800000,F32,3F800000", "-0f3F800000,F32,BF800000", "0d3FF0000000000000,F64,3FF0000000000000", "1.5,F64,3FF8000000000000",
            "-1.5e0,F64,BFF8000000000000", "1e-3,F64,3F50624DD2F1A9FC"})
    void floatingConstants(String written, Operand.Immediate.Kind kind, String bits) {
        var mov = one(".reg .f32 d;", "mov.f32 d, " + written + ";");
        assertEquals(new Operand.Immediate(kind, Long.parseUnsignedLong(bits, 16)), mov.operands().get(1));
    }

    @Test
    void operandsOfEveryForm() {
        var setp = one(".reg .pred p, q, r; .reg .u32 a;", "setp.lt.and.u32 p|q, a, %tid.x, !r;");
        assertTrue(setp.operands().get(0) instanceof Operand.Pair(Operand.Reg p, Operand.Reg q) && p.register().name().equals("p") && q.register()
                .name().equals("q"));
        assertTrue(setp.operands().get(2) instanceof Operand.Special special && special.register().name().equals("%tid.x"));
        assertTrue(setp.operands().get(3) instanceof Operand.Reg(Register _, boolean negated) && negated);
        var tma = one(".reg .b64 m; .reg .b32 s, b, x, y;",
                "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [m, {x, y}], [b+8-4*2];");
        assertEquals(List.of("async", "bulk", "tensor", "2d", "shared::cluster", "global", "tile", "mbarrier::complete_tx::bytes"), tma.modifiers());
        assertTrue(tma.operands().get(1) instanceof Operand.TensorAddress(Operand.Address _, List<Operand> c) && c.size() == 2);
        assertEquals(0, ((Operand.Address) tma.operands().get(2)).offset());
        assertEquals(8, ((Operand.Address) one(".reg .u64 a; .reg .u32 b;", "ld.global.u32 b, [a+4<<1];").operands().get(1)).offset());
        assertEquals(Space.SHARED_CLUSTER, tma.space());
        var jump = body(".reg .u32 i; T: .branchtargets A, B; brx.idx i, T; A: ret; B: ret;").instructions().getFirst();
        assertEquals(new Operand.LabelTable("T", List.of(new Operand.Label("A", 1), new Operand.Label("B", 2))), jump.operands().get(1));
        var cvt = one(".reg .b32 d; .reg .f32 a, b;", "cvt.rn.bf16x2.f32 d, a, b;");
        assertEquals(List.of(PtxType.BF16X2, PtxType.F32), cvt.types());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "mov.u32 x, 1;|'x' is not declared",
        "bra NOWHERE;|no label 'NOWHERE'",
        ".reg .u32 a; .reg .f32 a;|declared twice",
        ".reg .bf16 a;|wanted a type",
        ".reg .u32 a; mov.u32 a, %nosuch;|neither declared nor a special register",
        ".reg .u32 a; mov.u32 a 1;|wanted ',' or ';'",
        ".reg .u32 a; @a mov.u32 a, 1;|wanted a declared predicate",
        ".reg .u32 a; ld.shared.u32 a, [16];|absolute addresses",
        ".reg .u32 a; mov.u32 a, 1/0;|division by zero",
        ".reg .u32 a; mov.u32 a, 1 % 0;|division by zero",
        ".reg .u32 a; mov.u32 a, 1 << 64;|wanted 0 to 63",
        ".reg .u32 a; mov.u32 a, (.u32) 1;|wanted (.s64) or (.u64)",
        ".reg .u64 a; .reg .u32 b; ld.global.u32 b, [a-4];|write +-N",
        ".reg .u32 a; mov.u32 a, 0fABC;|has 3 digits",
        ".reg .u32 a; mov.u32 a, 08;|wanted an integer literal",
        ".align 4;|not supported in the body",
        "L: L: ret;|stands twice",
        ".shared .b8 big[50000];|static shared memory",
        "}|outside of an entry",
        "/* open|never closed",
        "mov.u32 §;|no part of PTX"})
    void whatIsWrongIsAnErrorWithFileAndLine(String body, String message) {
        var error = assertThrows(PtxSyntaxException.class, () -> body(body));
        assertTrue(error.getMessage().contains(message), error.getMessage());
        assertTrue(error.getMessage().startsWith("t.ptx:"), error.getMessage());
        assertTrue(error.line() >= 4, "line " + error.line());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '#', value = {
        ".version 8.0 .target sm_80#wgmma.fence.sync.aligned;#.target sm_90a",
        ".version 7.8 .target sm_90#elect.sync _|p, -1;#needs .version 8.0",
        ".version 9.0 .target sm_80#ret;#.version 9.0 is not supported",
        ".version 8.0 .target sm_35#ret;#.target sm_35 is not supported"})
    void versionAndTargetAreHeld(String header, String code, String message) {
        var error = assertThrows(PtxSyntaxException.class, () -> PtxModule.parse("v.ptx", header + "\n.entry k() { .reg .pred p; " + code + " }"));
        assertTrue(error.getMessage().contains(message), error.getMessage());
    }
}
