package lucid.grpo.ptx;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `lucid ptx`: a laboratory for GPU kernels on a machine that has no GPU.
@Command(name = "ptx", mixinStandardHelpOptions = true, description = "Runs, traces, counts and compiles PTX kernels, without a GPU.",
        subcommands = {PtxRun.class, PtxTrace.class, PtxStats.class, PtxCheck.class},
        footer = {"", "Examples:", "  lucid ptx run add.ptx --grid 2 --block 128 --arg a=f32[256]:iota --arg b=f32[256]:normal(1) --arg out=f32[256]:unset --arg n=u32:256 --print out",
                "  lucid ptx trace add.ptx --grid 2 --block 128 --arg ... --block-index 0 --warp 0 --lane 3", "  lucid ptx stats add.ptx", "  lucid ptx check kernels/*.ptx"})
public final class PtxCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Override public void run() { throw new ParameterException(spec.commandLine(), "ptx: which of run, trace, stats, check?"); }
}
