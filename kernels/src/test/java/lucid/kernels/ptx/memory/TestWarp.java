package lucid.kernels.ptx.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Snapshot;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Space;
import lucid.kernels.ptx.text.syntax.Variable;

/// A warp that accesses memory without a machine: `at(n)` puts it at instruction n.
class TestWarp implements Accessor {
    private static final List<Instruction> PROGRAM = program();

    final Clock clock;
    final Findings findings;
    final Traffic traffic = new Traffic(PROGRAM.size());
    final long[] addresses = new long[32];
    final int[] values = new int[4 * 32];
    static final int[] BASES = {0, 32, 64, 96};
    private int at;

    TestWarp(int block, int warp, Findings findings) {
        this.clock = new Clock(block, warp, block / 2);
        this.findings = findings;
    }

    private static List<Instruction> program() {
        var list = new ArrayList<Instruction>();
        for (int i = 0; i < 64; i++) {
            boolean nc = i == 63;
            list.add(new Instruction(i, i + 100, null, "access", nc ? List.of("nc") : List.of(), List.of(), "access" + i, 0));
        }
        return list;
    }

    /// A block's shared memory of that size, from [SharedMemory#SM_90_BASE].
    static SharedMemory shared(int bytes) {
        var array = new Variable("tile", Space.SHARED, PtxType.B8, 16, bytes, 0, null, 1);
        return new SharedMemory(List.of(array), 0, SharedMemory.SM_90_BASE, 0, 0);
    }

    TestWarp at(int instruction) {
        at = instruction;
        return this;
    }

    int[] load(CheckedMemory memory, int mask, int bytes, Access how, IntToLongFunction address) {
        java.util.Arrays.setAll(addresses, address);
        memory.load(this, mask, addresses, bytes, how, values, BASES);
        return values;
    }

    void store(CheckedMemory memory, int mask, int bytes, Access how, IntToLongFunction address) {
        java.util.Arrays.setAll(addresses, address);
        memory.store(this, mask, addresses, bytes, how, values, BASES);
    }

    /// All lanes, 4 bytes each, side by side.
    void storeRow(CheckedMemory memory, long address) {
        for (int lane = 0; lane < 32; lane++) {
            values[lane] = 1000 * clock.warp() + lane;
        }
        store(memory, -1, 4, Access.WEAK, lane -> address + 4L * lane);
    }

    int[] loadRow(CheckedMemory memory, long address) {
        return load(memory, -1, 4, Access.WEAK, lane -> address + 4L * lane);
    }

    long[] atomicAdd(CheckedMemory memory, int mask, Access how, long address, long what) {
        java.util.Arrays.fill(addresses, address);
        long[] a = new long[32];
        java.util.Arrays.fill(a, what);
        long[] old = new long[32];
        memory.atomic(this, mask, addresses, 4, how, (o, x, _) -> o + x, a, a, old);
        return old;
    }

    List<Kind> kinds() {
        return findings.list().stream().map(Finding::kind).toList();
    }

    Finding only() {
        List<Finding> list = findings.list();
        if (list.size() != 1) {
            throw new AssertionError("wanted one finding, found " + list);
        }
        return list.getFirst();
    }

    /// A block barrier over these warps.
    static void barrier(TestWarp... warps) {
        Snapshot all = Snapshot.NONE;
        for (TestWarp warp : warps) {
            all = all.join(warp.clock.release());
        }
        for (TestWarp warp : warps) {
            warp.clock.acquire(all, -1);
            warp.clock.warpSync(-1);
        }
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Instruction instruction() {
        return PROGRAM.get(at);
    }

    @Override
    public Instruction instructionAt(int index) {
        return PROGRAM.get(index);
    }

    @Override
    public String file() {
        return "test.ptx";
    }

    @Override
    public Findings findings() {
        return findings;
    }

    @Override
    public Traffic traffic() {
        return traffic;
    }
}
