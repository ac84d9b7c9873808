package lucid.grpo.ptx;

import picocli.CommandLine.Command;

/// `lucid ptx`: a laboratory for GPU kernels on a machine that has no GPU.
@Command(name = "ptx", mixinStandardHelpOptions = true, description = "Runs, traces, counts and compiles PTX kernels, without a GPU.",
        subcommands = {PtxRun.class, PtxTrace.class, PtxStats.class, PtxCheck.class},
        footer = {"", "Examples:", "  lucid ptx run vector_add_f32_sm80.ptx --grid 2 --block 128 --arg a=f32[256]:iota --arg "
                + "b=f32[256]:\"normal(1)\" --arg c=f32[256]:unset --arg n=u32:256 --print c",
                "  lucid ptx trace vector_add_f32_sm80.ptx --grid 2 --threads 128 --arg a=f32[256]:iota --arg b=f32[256]:iota --arg "
                        + "c=f32[256]:unset --arg n=u32:256 --block 0 --warp 0 --lane 3", "  lucid ptx stats vector_add_f32_sm80.ptx",
                        "  lucid ptx check *.ptx"})
public final class PtxCommand {
}
