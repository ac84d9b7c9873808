/// The command line: one class a command, which reads arguments, calls the rooms below and prints what came out. No computation of its own.
/// Exit status 0: done; 1: failed, with one message that helps; 2: wrong usage.
/// Start with [Lucid]; commands about training runs are in `lucid.grpo.cli.training`, those about models and tokenizers in `lucid.grpo.cli.model`.
package lucid.grpo.cli;
