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
package lucid.tensor;
