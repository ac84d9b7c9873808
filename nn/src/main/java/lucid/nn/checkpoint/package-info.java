/// Whole checkpoint folders: turned into others, made from nothing, looked into, weighed. What a configuration demands is in [ModelOutline].
/// It computes nothing with a model; bytes go from mapped file or random stream to written file.
/// Start with [CheckpointConversion].
package lucid.nn.checkpoint;
