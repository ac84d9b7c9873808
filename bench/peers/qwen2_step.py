"""One f32 training step in PyTorch: forward, backward, clipping by global norm, fused AdamW.

demo_step   the demo's Qwen2 on 64 texts of 105 tokens, cross-entropy of every next token (the demo's packed batch has 6736 rows, this 6720)
layer_step  one layer of Qwen2.5-3B's size on one text of 640 tokens
"""
import common
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer, Qwen2RotaryEmbedding

TEXTS, LENGTH = 64, 105
ROWS = 640
LAYER = dict(hidden_size=2048, intermediate_size=11008, num_hidden_layers=1, num_attention_heads=16, num_key_value_heads=2,
             rope_theta=1000000.0, rms_norm_eps=1e-6, attn_implementation="sdpa")


def stepper(model, loss):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.01, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        assert value == value, "the loss is not a number"

    return step


def demo():
    model = Qwen2ForCausalLM(common.demo_config()).train()
    ids = torch.randint(0, common.DEMO["vocab_size"], (TEXTS, LENGTH))

    def loss():
        value = model(input_ids=ids, labels=ids, use_cache=False).loss
        value.backward()
        return value.item()

    return stepper(model, loss)


def layer():
    config = Qwen2Config(**LAYER)
    block = Qwen2DecoderLayer(config, 0).train()
    position_ids = torch.arange(ROWS)[None]
    rotary = Qwen2RotaryEmbedding(config)
    x = torch.randn(1, ROWS, config.hidden_size, requires_grad=True)
    seed = torch.randn(1, ROWS, config.hidden_size)
    positions = rotary(x, position_ids)

    def loss():
        x.grad = None
        out = block(x, attention_mask=None, position_ids=position_ids, position_embeddings=positions)
        out = out[0] if isinstance(out, tuple) else out
        out.backward(seed)
        return out.detach().flatten()[0].item()

    return stepper(block, loss)


if __name__ == "__main__":
    options = common.arguments(__doc__, ["demo_step", "layer_step"])
    torch.set_num_threads(common.THREADS)
    torch.manual_seed(1)
    small = options.workload == "demo_step"
    common.measure(options, "torch " + torch.__version__, TEXTS * LENGTH if small else ROWS, demo() if small else layer())
