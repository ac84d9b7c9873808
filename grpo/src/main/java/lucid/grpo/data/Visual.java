package lucid.grpo.data;

/// What an example sees: a whole clip, or one of its sampled frames alone; perhaps mirrored.
///
/// @param clip   index of the clip
/// @param frame  one sampled frame's number, or [#WHOLE]
public record Visual(int clip, int frame, boolean mirrorX, boolean mirrorY) {
    public static final int WHOLE = -1;

    /// A whole clip as it is.
    public static Visual clip(int clip) { return new Visual(clip, WHOLE, false, false); }

    /// Whether all frames are seen; one alone goes through tower and connector by itself.
    public boolean isWhole() { return frame == WHOLE; }
}
