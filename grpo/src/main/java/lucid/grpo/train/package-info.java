/// The learning loop: supervised stages, GRPO, evaluation, and what is written down about every token.
/// It composes data, model, rewards and loss, and owns nothing else; no formula lives here.
/// Start with [Trainer]; `MinimalGrpo` is the same algorithm in one short file.
package lucid.grpo.train;
