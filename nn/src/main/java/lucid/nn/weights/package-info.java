/// The named parameters of a model: declared by its layers, filled from weight files or at random, frozen or trained, saved.
/// It does not know what the parameters mean.
/// Start with [ParameterSet].
package lucid.nn.weights;
