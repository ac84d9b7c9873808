/// Low-rank adapters (LoRA, Hu et al. 2021): beside a frozen weight W two small trained matrices, `y = x·Wᵀ + scale·(x·Aᵀ)·Bᵀ`, in the file layout of
/// `peft`. It knows names and files, no model: a model is adapted by [lucid.nn.model.Qwen2#adapted].
/// Start with [LoraAdapter]; [LoraFile] is what lies on disk.
package lucid.nn.lora;
