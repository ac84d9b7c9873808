/// What turns gradients into new weights: AdamW with global clipping, learning rate schedules, and their saved state.
/// It computes no gradient and knows no model, only named parameters.
/// Start with [AdamW].
package lucid.nn.optim;
