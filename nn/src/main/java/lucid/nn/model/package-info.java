/// Whole models under the names of their published checkpoints: Qwen2 decoder, SigLIP vision tower, group resampler, and TinyLLaVA-Video that joins
/// them. One class serves every size. No sampling loop, no loss beyond log-probabilities, no device by name.
/// Start with [TinyLlavaVideo], then [Qwen2].
package lucid.nn.model;
