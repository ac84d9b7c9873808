/// Byte-level BPE: text to token ids and back, the trainer that learns the merges, and the streaming decoder.
/// It does not read files (`lucid.tokenizer.format`), know chat templates (`lucid.tokenizer.chat`) or anything of tensors.
/// Start with [lucid.tokenizer.Tokenizer#encode].
package lucid.tokenizer;
