package lucid.nn.model;

/// Which copy of a checkpoint's weights its products read. No bit of any answer depends on it.
public enum WeightOrder {
    /// The published files, where they lie.
    MAPPED,
    /// What lies ready in a [PackedFile]; without one, the published files.
    READY,
    /// The same, but without one a CPU copies the decoder's weights while it answers, little by little, into the order in which it reads them (not
    /// those of f16), and gives the mapped pages back: for long answers, or many.
    PACKED
}
