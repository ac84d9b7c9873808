/// Vocabulary files: Hugging Face `tokenizer.json`, `vocab.json` + `merges.txt`, and `*.tiktoken` rank files.
/// It does not tokenise, and it refuses a file whose settings [lucid.tokenizer.Tokenizer] would not honour instead of ignoring them.
/// Start with [lucid.tokenizer.format.TokenizerFiles#load].
package lucid.tokenizer.format;
