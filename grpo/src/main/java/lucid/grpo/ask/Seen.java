package lucid.grpo.ask;

/// A clip that was looked at, and the seconds that it took.
///
/// @param rows    rows of the prompt up to the clip's last
/// @param reading decoding and resizing the frames
/// @param vision  tower and connector
/// @param prefill the decoder over the prompt's beginning and the clip
public record Seen(int frames, int rows, double reading, double vision, double prefill) {
    /// All three together.
    public double seconds() { return reading + vision + prefill; }
}
