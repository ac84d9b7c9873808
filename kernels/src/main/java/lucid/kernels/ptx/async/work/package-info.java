/// What is under way in a block, piece by piece: copies, stores and products that happen once, the groups that they are committed to, and a barrier's
/// phase. Nothing here decides when: a block's state and its steps, in [lucid.kernels.ptx.async], do.
/// Start at [Timing], which has the idea, then [Work].
package lucid.kernels.ptx.async.work;
