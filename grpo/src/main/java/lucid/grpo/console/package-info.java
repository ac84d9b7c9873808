/// What a person watches while something runs: bars with rate and remaining time on a terminal, plain lines elsewhere.
/// No logging framework and no decisions; nothing that is computed depends on it.
/// Start with [Console].
package lucid.grpo.console;
