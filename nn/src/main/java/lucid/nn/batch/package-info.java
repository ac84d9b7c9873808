/// How sequences lie side by side in one matrix without padding: splicing of visual tokens, positions, who attends to whom, which rows are scored.
/// Plain numbers only; nothing here touches a device.
/// Start with [PackedBatch].
package lucid.nn.batch;
