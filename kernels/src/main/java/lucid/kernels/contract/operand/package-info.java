/// What the families work on: buffers and matrices in them, groups of rows, plans of attention, types of elements, and whether a result is added or
/// set. No primitives here (those are in [lucid.kernels.contract]), and no memory: a device makes the buffers.
/// Start with [Buffer] and [Matrix], then [RowGroups].
package lucid.kernels.contract.operand;
