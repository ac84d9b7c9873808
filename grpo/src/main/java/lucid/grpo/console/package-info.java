/// What a program tells the person who started it: bars with rate and remaining time on a terminal, plain lines elsewhere, and that what was asked
/// for makes no sense. No logging framework and no decisions; nothing that is computed depends on it.
/// Start with [Console].
package lucid.grpo.console;
