/// The commands of a model without a run: making, converting and describing one, its tokenizer, and asking it.
/// They compute nothing and train nothing: files and layers are `lucid.nn`'s, questions are `lucid.grpo.ask`'s.
/// Start with [GenerateCommand], then [InitCommand].
package lucid.grpo.cli.model;
