/// Layers: records of parameters with one `forward` each, named as in the published checkpoints.
/// They know shapes and formulas, not models, files or devices.
/// Start with [Linear].
package lucid.nn.layer;
