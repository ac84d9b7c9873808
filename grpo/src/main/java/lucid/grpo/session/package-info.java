/// Puts a run together: recipe, data on disk, tokenizer, model, run folder. What the commands `demo`, `train`, `sft`, `eval` and `generate` have in
/// common. No training and no printing here.
/// Start with [Session].
package lucid.grpo.session;
