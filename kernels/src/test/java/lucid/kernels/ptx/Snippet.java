package lucid.kernels.ptx;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Observer;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Register;

/// Runs a few instructions and keeps what register `r` held in every thread when it executed `exit`.
public final class Snippet implements Observer {
    private static final String REGISTERS = ".reg .u32 r, a, b, c, t, lane, i, n, w; .reg .b32 m; .reg .pred p, q, s; .reg .u64 x, y; .reg .f32 f, "
            + "g;\n";
    private final PtxModule module;
    private final Map<Integer, Integer> values = new ConcurrentHashMap<>();
    private final Launch launch;

    /// @param body instructions; `t` is the thread, `lane` the lane, `w` the warp; the last one must be `exit`
    public Snippet(String body) {
        this("", body);
    }

    /// @param declarations of variables before the entry
    public Snippet(String declarations, String body) {
        module = PtxModule.parse("snippet.ptx", ".version 8.0\n.target sm_90a\n.address_size 64\n" + declarations
                + "\n.visible .entry snippet() {\n" + REGISTERS
                + "mov.u32 t, %tid.x; mov.u32 lane, %laneid; shr.u32 w, t, 5;\n" + body + "\n}\n");
        launch = Launch.of(module, null).block(32, 1, 1).observer(this).threads(1);
    }

    public Launch launch() {
        return launch;
    }

    /// The value in a thread of block 0.
    public int value(int thread) {
        return values.get(thread);
    }

    /// All values by block * 1024 + thread.
    public Map<Integer, Integer> values() {
        return new TreeMap<>(values);
    }

    public static Finding only(RunReport report, Kind kind) {
        if (report.findings().size() != 1 || report.findings().getFirst().kind() != kind) {
            throw new AssertionError("wanted one finding of kind " + kind + ", found " + report.findings());
        }
        return report.findings().getFirst();
    }

    @Override
    public void before(Warp warp, int mask) {
        if (!warp.instruction().opcode().equals("exit")) {
            return;
        }
        Register r = warp.entry().registers().stream().filter(register -> register.name().equals("r")).findFirst().orElseThrow();
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                values.put(warp.block.index * 1024 + warp.index * 32 + lane, warp.words[r.slot() * 32 + lane]);
            }
        }
    }

    @Override
    public void after(Warp warp, int mask, int result) {}
}
