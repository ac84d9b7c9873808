/// Comparison with numbers of the original implementations: rewards, advantages, KL, losses, optimisers, sampling, a whole update, and the way to the
/// other modules' cases. It computes nothing of its own: every number comes from the code that training uses. It is no test framework and holds no
/// cases. Start with [CaseSearch], what there is to compare, and [Parities].
package lucid.grpo.parity;
