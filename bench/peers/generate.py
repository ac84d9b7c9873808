"""Sampling with Hugging Face's generate: the demo's Qwen2, 16 prompts of 109 tokens, 8 completions of 40 tokens each, temperature 1, no filter.

No end token, so that every completion is whole. All prompts have the same length, so nothing is padded.
"""
import common
import torch
import transformers

PROMPTS, LENGTH, COMPLETIONS, NEW = 16, 109, 8, 40

if __name__ == "__main__":
    options = common.arguments(__doc__, ["generate"])
    torch.set_num_threads(common.THREADS)
    torch.manual_seed(1)
    model = transformers.Qwen2ForCausalLM(common.demo_config()).eval()
    ids = torch.randint(0, common.DEMO["vocab_size"], (PROMPTS, LENGTH))
    mask = torch.ones_like(ids)

    def work():
        with torch.inference_mode():
            out = model.generate(input_ids=ids, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                                 num_return_sequences=COMPLETIONS, max_new_tokens=NEW, min_new_tokens=NEW, use_cache=True)
        assert out.shape == (PROMPTS * COMPLETIONS, LENGTH + NEW), out.shape

    common.measure(options, "transformers " + transformers.__version__, PROMPTS * COMPLETIONS * NEW, work)
