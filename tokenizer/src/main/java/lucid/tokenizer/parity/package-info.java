/// Replays recorded tokenizer cases, made by the original implementations, and says row by row what agrees. Comparison is exact.
/// It is no unit test framework and holds no cases itself; it tells a case's kind from its content and skips nothing.
/// Start with [lucid.tokenizer.parity.TokenizerParity#run].
package lucid.tokenizer.parity;
