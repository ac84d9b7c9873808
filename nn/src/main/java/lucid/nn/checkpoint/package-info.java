/// Whole checkpoint folders turned into others: layout and element type of the weights, with configuration and tokenizer beside them.
/// It builds no model and uses no device; bytes go from mapped file to written file.
/// Start with [CheckpointConversion].
package lucid.nn.checkpoint;
