/// What "correct" means for a device: one abstract test per family, run on every device against the textbook, and against hand-computed cases,
/// identities and central differences, so that the textbook itself is tested too. It says nothing about speed, and nothing about bits: the bit
/// contract has its own tests. Start with [DeviceContract]; `ReferenceConformanceTest` and `SimdConformanceTest` name the families that run on each
/// device.
package lucid.kernels.conformance;
