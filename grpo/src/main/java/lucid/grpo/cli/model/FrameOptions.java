package lucid.grpo.cli.model;

import java.util.OptionalInt;
import lucid.grpo.console.UsageException;
import lucid.video.FrameSampling;
import picocli.CommandLine.Option;

/// `--frames` and `--max-frames`, the same wherever a model is asked about clips.
public final class FrameOptions {
    // What TinyLLaVA-Video's README recommends for evaluation, besides 128.
    private static final int MOST = 64;
    private static final String PER_SECOND = "1fps";

    @Option(names = "--frames", paramLabel = "N|1fps", description = "Frames that the model sees of a clip, evenly spread (default: one for each "
            + "group of the resampler, 16 for the published models), "
            + "or 1fps: one for each second, as the published model with 1fps in its name was trained (its config.json does not say so).")
    private String frames;

    @Option(names = "--max-frames", paramLabel = "N", description = "With --frames 1fps: at most N (default: 64; published are 64 and 128).")
    private Integer maxFrames;

    /// Null: as the model has it.
    ///
    /// @throws UsageException neither a number of frames nor 1fps, or a cap without 1fps
    public FrameSampling.Even sampling() {
        boolean perSecond = PER_SECOND.equals(frames);
        if (maxFrames != null && !perSecond)
            throw new UsageException("--max-frames: found " + maxFrames + " without --frames 1fps, wanted both; a number of frames is its own limit");
        if (maxFrames != null) UsageException.atLeast("--max-frames", maxFrames, 1);
        if (perSecond) return new FrameSampling.OnePerSecond(OptionalInt.of(maxFrames == null ? MOST : maxFrames));
        return frames == null ? null : new FrameSampling.Uniform(number());
    }

    private int number() {
        int number;
        try {
            number = Integer.parseInt(frames);
        } catch (NumberFormatException _) {
            number = 0;
        }
        if (number < 1) throw new UsageException("--frames: found " + frames + ", wanted 1 or more, or 1fps");
        return number;
    }
}
