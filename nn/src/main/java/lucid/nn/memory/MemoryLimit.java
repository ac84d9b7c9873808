package lucid.nn.memory;

/// The memory that work may take.
///
/// @param device whose plan is held against it
/// @param whose  follows the size in messages: `of memory`, `free on GPU 0`
public record MemoryLimit(DeviceKind device, long bytes, String whose) {
    /// Main memory.
    public static MemoryLimit host(long bytes) { return new MemoryLimit(DeviceKind.CPU, bytes, "of memory"); }

    /// What of it is left for the device's buffers, beside Java itself.
    public long ofBuffers() { return Math.max(0, device == DeviceKind.CPU ? bytes - MemoryPlans.JAVA : bytes); }

    /// `25.77 GB of memory`.
    @Override public String toString() { return MemoryPlan.size(bytes) + " " + whose; }
}
