/// Comparison with numbers of the original implementations: rewards, advantages, KL estimators and losses.
/// Models, tokenizers and pictures are compared by their own modules; the command `lucid parity` puts all together.
/// Start with [PolicyParity].
package lucid.grpo.parity;
