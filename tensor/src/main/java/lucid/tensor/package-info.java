/// Tensors with first-order gradients on a tape of operation records, and scopes that own their memory.
/// It does no arithmetic (that is `lucid.kernels`) and knows no layer or model (that is `nn`).
/// Start with [Tensor], then [Scope] and [Parameter]; [Op] is what the tape is made of.
///
/// ```java
/// try (var device = new SimdDevice(); var model = Scope.open(device)) {
///     var w = new Parameter("w", Tensor.normal(model, 1, 0f, 0.5f, 1, 3));
///     var x = Tensor.of(model, new float[] {1, 0, 0,  0, 1, 0,  0, 0, 1,  1, 1, 1}, 4, 3);
///     var wanted = Tensor.of(model, new float[] {2, -1, 3, 4}, 4, 1);
///     for (int i = 0; i < 100; i++) {
///         try (var step = model.child()) {
///             Tensor loss = x.linear(w.value(), null).sub(wanted).square().mean();
///             loss.backward();
///             device.elementwise().addScaled(-0.5f, w.grad().matrix(), w.value().matrix());
///             w.zeroGrad();
///         }
///     }
///     System.out.println(Arrays.toString(w.value().toFloats()));   // close to 2, -1, 3
/// }
/// ```
///
/// What other libraries have as operations of their own is written with these (`GradientTest` runs every line):
///
/// | wanted | written |
/// |---|---|
/// | x + 1, 1 - x | `x.add(one)`, `x.neg().add(one)` `one` the scalar `Tensor.full(step, 1f)`; only a second operand is spread over a first |
/// | the larger, the smaller of two | `a.add(b.sub(a).relu())`, `a.sub(a.sub(b).relu())`; at a tie the gradient is a's (both: of finite numbers) |
/// | x clipped to low .. high | `x.sub(low).relu().sub(x.sub(high).relu()).add(low)`, low and high scalars |
/// | sums down the columns | `Tensor.full(step, 1f, 1, rows).matmul(x)` |
/// | the transpose of [rows, cols] | in a product an argument of `matmul`; else, with `order[c * rows + r] = r * cols + c`, `x.reshape(rows * cols, 1).gatherRows(order).reshape(cols, rows)` |
/// | other axes swapped, rows shuffled or repeated | `gatherRows` after a `reshape` that makes rows of what moves as a whole |
/// | log-softmax at a target, log-sum-exp | `Tensor.crossEntropy(x, targets).neg()`; `x.sub(x.rowMax()).exp().rowSum().log().add(x.rowMax())` |
/// | a mask | `mul` with zeros and ones; before a softmax `add` with 0 and -infinity |
package lucid.tensor;
