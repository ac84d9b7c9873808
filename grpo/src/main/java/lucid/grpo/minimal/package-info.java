/// The whole of GRPO in one file, for reading: no batching, no cache, no files, one sequence at a time.
/// Not the trainer and not fast; but by the row law it goes through the same weights, bit for bit, and a test holds that.
/// Start with [MinimalGrpo], from top to bottom.
package lucid.grpo.minimal;
