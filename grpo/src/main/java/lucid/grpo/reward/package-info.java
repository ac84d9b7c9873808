/// Rewards: from the text of a completion to named numbers. Pure functions, no tensors, no randomness.
/// How rewards become advantages is not decided here.
/// Start with [Reward]; [TinyLlavaVideoR1Reward] is the published rule.
package lucid.grpo.reward;
