/// JMH over the phases of a GRPO step of the demo: rollout, scoring, gradients, optimiser, vision; each with the arithmetic of one call and its
/// physical limit. No kernel on its own (that is `lucid.bench.kernel`), no learning: weights are random, lengths are fixed.
/// Start with [PhaseBench].
package lucid.bench.phase;
