package lucid.kernels.ptx.steps;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.RunReport;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.text.PtxModule;

/// A kernel of a few lines for a test: parameters `in` and `out` are loaded into `%in` and `%out`, `%tid` is the thread, `%own` the thread's
/// 16 bytes of `out`.
final class Kernel {
    static final int OUT_BYTES = 64 * 16;
    final GlobalMemory memory = new GlobalMemory(11);
    final long in;
    final long out;
    private final String declarations;
    private final String body;
    private int blocks = 1;
    private int threads = 32;
    private int cluster = 1;

    Kernel(String declarations, String body) {
        this(declarations, body, new byte[OUT_BYTES]);
    }

    Kernel(String declarations, String body, byte[] input) {
        this.declarations = declarations;
        this.body = body;
        this.in = memory.allocate("in", input);
        this.out = memory.allocate("out", OUT_BYTES);
    }

    Kernel grid(int withBlocks, int withThreads) {
        blocks = withBlocks;
        threads = withThreads;
        return this;
    }

    Kernel cluster(int size) {
        cluster = size;
        blocks = size;
        return this;
    }

    String text() {
        return """
                .version 8.0
                .target sm_90
                .address_size 64
                .visible .entry k(.param .u64 in, .param .u64 out) {
                .reg .u64 %%in, %%out, %%own, %%x<8>;
                .reg .u32 %%tid, %%ctaid, %%r<16>;
                .reg .f32 %%f<8>;
                .reg .f64 %%d<4>;
                .reg .b16 %%h<8>;
                .reg .b32 %%b<8>;
                .reg .pred %%p<4>;
                %s
                ld.param.u64 %%in, [in];
                ld.param.u64 %%out, [out];
                mov.u32 %%tid, %%tid.x;
                mov.u32 %%ctaid, %%ctaid.x;
                mad.wide.u32 %%own, %%tid, 16, %%out;
                %s
                ret;
                }
                """.formatted(declarations, body);
    }

    RunReport run() {
        return run(1);
    }

    RunReport run(int javaThreads) {
        var launch = Launch.of(PtxModule.parse("kernel.ptx", text()), "k").grid(blocks, 1, 1).block(threads, 1, 1).memory(memory).threads(javaThreads)
                .argument("in", in).argument("out", out);
        return (cluster == 1 ? launch : launch.cluster(cluster, 1, 1)).run();
    }

    /// The thread's word `w` of `out`.
    int word(int thread, int w) {
        return result().getInt(thread * 16 + 4 * w);
    }

    long wide(int thread, int w) {
        return result().getLong(thread * 16 + 8 * w);
    }

    private ByteBuffer result() {
        return ByteBuffer.wrap(memory.read(out, OUT_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Bytes 0, 1, 2, ... of a buffer.
    static byte[] iota(int bytes) {
        byte[] content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) i;
        }
        return content;
    }
}
