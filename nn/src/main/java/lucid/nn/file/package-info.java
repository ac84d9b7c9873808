/// Weight files: safetensors read through one memory mapping and written whole or not at all, alone or in shards.
/// It knows stored bytes, names and shapes; it knows no device, no tensor and no model.
/// Start with [WeightFiles], then [SafetensorsFile].
package lucid.nn.file;
