/// What a model is trained and judged on: examples with labels, prompts with solutions, and the clips they are about, all drawn as functions of
/// (seed, stage, step, index). No model and no gradients here.
/// Start with [TrainingData]; [DriftData] is the demo's.
package lucid.grpo.data;
