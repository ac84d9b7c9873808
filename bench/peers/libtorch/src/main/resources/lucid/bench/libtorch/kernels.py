# TorchScript, loaded by Script.java: operations that DJL has no method for. Numbers are those of Lucid's benchmarks, which refuse what others give; 15 is bfloat16, 6 float32.
class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  def attention(self: __torch__.Kernels, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.transpose(torch.scaled_dot_product_attention(q, k, v, None, 0., True, scale=None, enable_gqa=True), 1, 2)
  def attentionBackward(self: __torch__.Kernels, dOut: Tensor, q: Tensor, k: Tensor, v: Tensor, out: Tensor, lse: Tensor) -> Tensor:
    dq, dk, dv, = ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(dOut, q, k, v, out, lse, 0., True)
    return torch.transpose(dq, 1, 2)
  def bf16(self: __torch__.Kernels, x: Tensor) -> Tensor:
    return torch.to(x, 15)
  def addScaled(self: __torch__.Kernels, x: Tensor, y: Tensor) -> Tensor:
    return torch.add_(y, x, alpha=0.5)
  def copyRows(self: __torch__.Kernels, x: Tensor, places: Tensor, y: Tensor) -> Tensor:
    return torch.index_copy_(y, 0, places, x)
  def RSQRT(self: __torch__.Kernels, x: Tensor) -> Tensor:
    return torch.rsqrt(x)
  def SILU(self: __torch__.Kernels, x: Tensor) -> Tensor:
    return torch.silu(x)
  def GELU_TANH(self: __torch__.Kernels, x: Tensor) -> Tensor:
    return torch.gelu(x, approximate="tanh")
  def RELU_backward(self: __torch__.Kernels, x: Tensor, dy: Tensor) -> Tensor:
    return torch.threshold_backward(dy, x, 0)
  def SILU_backward(self: __torch__.Kernels, x: Tensor, dy: Tensor) -> Tensor:
    return torch.silu_backward(dy, x)
  def GELU_TANH_backward(self: __torch__.Kernels, x: Tensor, dy: Tensor) -> Tensor:
    return torch.gelu_backward(dy, x, approximate="tanh")
  def GELU_ERF_backward(self: __torch__.Kernels, x: Tensor, dy: Tensor) -> Tensor:
    return torch.gelu_backward(dy, x, approximate="none")
  def rowMax(self: __torch__.Kernels, x: Tensor) -> Tensor:
    return torch.amax(x, [1], True)
  def softmaxBackward(self: __torch__.Kernels, y: Tensor, dy: Tensor) -> Tensor:
    return torch._softmax_backward_data(dy, y, 1, 6)
  def layerNormBackward(self: __torch__.Kernels, x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor, dy: Tensor) -> Tensor:
    dx, dWeight, dBias, = torch.native_layer_norm_backward(dy, x, [2048], mean, rstd, weight, None, [True, True, False])
    return dx
  def scatterAdd(self: __torch__.Kernels, ids: Tensor, dy: Tensor, table: Tensor) -> Tensor:
    return torch.index_add_(table, 0, ids, dy)
  def crossEntropy(self: __torch__.Kernels, logits: Tensor, targets: Tensor) -> Tensor:
    return torch.cross_entropy_loss(logits, targets, None, 0, -100, 0.)
  def adamW(self: __torch__.Kernels, grad: Tensor, param: Tensor, m: Tensor, v: Tensor, step: Tensor) -> Tensor:
    params = [param]
    ops.aten._fused_adamw_(params, [grad], [m], [v], [], [step], lr=9.9999999999999995e-07, beta1=0.90000000000000002, beta2=0.999, weight_decay=0.01, eps=1e-08, amsgrad=False, maximize=False)
    return params[0]
  def sgd(self: __torch__.Kernels, grad: Tensor, param: Tensor, momentum: Tensor) -> Tensor:
    params = [param]
    ops.aten._fused_sgd_(params, [grad], [momentum], weight_decay=0.01, momentum=0.90000000000000002, lr=9.9999999999999995e-07, dampening=0., nesterov=False, maximize=False, is_first_step=False)
    return params[0]
