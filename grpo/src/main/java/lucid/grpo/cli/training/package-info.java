/// The commands of a run: making its data, training it, measuring it, and reading what it left in its folder.
/// They compute nothing: what training is stands in `lucid.grpo.train`, and what is reported in `lucid.grpo.report` and `lucid.grpo.inspect`.
/// Start with [TrainCommand] and [Training], which all commands that train share; [DemoCommand] is the whole way at once.
package lucid.grpo.cli.training;
