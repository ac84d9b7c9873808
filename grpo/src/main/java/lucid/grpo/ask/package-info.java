/// Asking a published checkpoint: a clip is looked at once, questions about it are put as the published code puts them, answers come token by token.
/// Nothing is trained, scored or evaluated here; printing is the commands' business, but for the look of an answer on a terminal.
/// Start with [Assistant].
package lucid.grpo.ask;
