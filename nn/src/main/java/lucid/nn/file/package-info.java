/// Weight files: safetensors and PyTorch's `.bin`, read through one memory mapping; both written too, whole or not at all, alone or in shards.
/// It knows stored bytes, names and shapes; it knows no device, no tensor and no model.
/// Start with [WeightFiles], then [SafetensorsFile] and [TorchFile]; [WeightFormat] writes.
package lucid.nn.file;
