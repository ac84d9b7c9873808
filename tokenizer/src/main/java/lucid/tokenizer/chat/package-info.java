/// The published prompt templates `qwen2_base` and `pretrain`, as text, as ids and as ids with label masks.
/// It knows no videos and no models: where the picture goes there is one id, [lucid.tokenizer.chat.Encoded#IMAGE], which the model replaces.
/// Start with [lucid.tokenizer.chat.Qwen2BaseTemplate#prompt].
package lucid.tokenizer.chat;
