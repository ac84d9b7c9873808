package lucid.grpo.data;

/// What an example sees: a whole clip, or one of its sampled frames alone; perhaps mirrored.
///
/// @param clip   index of the clip
/// @param frame  one sampled frame's number, or [#WHOLE]
public record Visual(int clip, int frame, boolean mirrorX, boolean mirrorY) {
    public static final int WHOLE = -1;

    public static Visual clip(int clip) { return new Visual(clip, WHOLE, false, false); }

    public boolean isWhole() { return frame == WHOLE; }
}
