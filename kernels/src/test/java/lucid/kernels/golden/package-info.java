/// Kernels against numbers from the original implementations (PyTorch, transformers), copied into the test resources.
/// Shapes, errors and orders of summation are tested elsewhere.
/// Start with [OptimizerGoldenTest].
package lucid.kernels.golden;
