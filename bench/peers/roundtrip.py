"""Opens what Lucid trained in transformers, and what transformers saved in Lucid, and compares the numbers.

    pip install torch transformers safetensors
    python bench/peers/roundtrip.py RUN/checkpoints/05-grpo-000100-done

1. `lucid convert --layout folders` writes the checkpoint's language model and vision tower as folders of their own; transformers loads them (no tensor missing, none unexpected)
   and computes logits, features, greedy tokens and every gradient.
2. transformers makes a Qwen2 and a SigLIP with random weights and saves them.
3. transformers opens the checkpoint's tokenizer, and the same vocabulary in the layout of TinyLLaVA-Video-R1 (vocab.json + merges.txt), is called with padding and truncation, and saves both; every reader of every
file must turn one text into the same ids.
In both directions of 1 and 2 the numbers become a case folder, and `lucid parity` computes the same from the very files that transformers read or wrote. Tolerance 1e-4 absolute.
Exit status 0 when everything agrees.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, SiglipVisionConfig, SiglipVisionModel

ATOL = 1e-4
TEXT = "Which comes first, the owl's hat or 2026?\n\n  <think>\tna\u00efve e\u0301 \u4e2d\u6587 \U0001f642</think> <answer>B</answer><|endoftext|>  x"
LUCID = pathlib.Path(__file__).resolve().parents[2] / "lucid"


def lucid(*arguments):
    return subprocess.run([str(LUCID), *map(str, arguments)]).returncode


def encoded(folder):
    out = subprocess.run([str(LUCID), "tokenizer", "encode", "--tokenizer", str(folder)], input=TEXT.encode(), stdout=subprocess.PIPE)
    return [int(i) for i in out.stdout.split()] if out.returncode == 0 else "refused"


def tokenizers(checkpoint, work):
    """Whether Lucid's tokenizer means the same in transformers, and what transformers saves of it the same in Lucid."""
    stored = json.loads((checkpoint / "tokenizer.json").read_text())
    end = next(token["content"] for token in stored["added_tokens"] if token["special"])
    old = work / "old"
    old.mkdir()
    (old / "vocab.json").write_text(json.dumps(stored["model"]["vocab"]))
    (old / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in stored["model"]["merges"]))
    (old / "tokenizer_config.json").write_text(json.dumps(dict(tokenizer_class="Qwen2Tokenizer", eos_token=end, pad_token=end, unk_token=None)))
    wanted, agree = encoded(checkpoint), True
    for name, tokenizer in {
        "tokenizer.json": PreTrainedTokenizerFast(tokenizer_file=str(checkpoint / "tokenizer.json"), eos_token=end, pad_token=end),
        "vocab.json": AutoTokenizer.from_pretrained(old),
    }.items():
        found = {f"{name} in transformers": tokenizer(TEXT)["input_ids"]}
        tokenizer(["the first", "second"], padding=True, truncation=True, max_length=3)  # leaves both settings in what is saved
        saved = work / f"saved_{name}"
        tokenizer.save_pretrained(saved)
        found |= {f"{name} saved by transformers, in transformers": AutoTokenizer.from_pretrained(saved)(TEXT)["input_ids"], f"{name} saved by transformers, in Lucid": encoded(saved)}
        for where, ids in found.items():
            agree &= ids == wanted
            print(f"tokenizer: {where}: " + (f"{len(ids)} ids, the same" if ids == wanted else f"found {ids}, wanted {wanted}"), flush=True)
    return agree


def opened(kind, folder):
    model, info = kind.from_pretrained(folder, output_loading_info=True, dtype=torch.float32, attn_implementation="eager")
    wrong = {name: found for name, found in info.items() if found}
    if wrong:
        sys.exit(f"{folder}: transformers says {wrong}; wanted every tensor, and no other")
    return model.eval()


def case(folder, name, kind, model, inputs, expected):
    folder = folder / name
    folder.mkdir(parents=True)
    shutil.copytree(model, folder / "model")
    save_file({k: v.contiguous().clone() for k, v in inputs.items()}, folder / "inputs.safetensors")
    save_file({k: v.detach().contiguous().clone() for k, v in expected.items()}, folder / "expected.safetensors")
    tolerance = {k: dict(atol=0.0 if v.dtype == torch.int64 else ATOL, rtol=0.0 if v.dtype == torch.int64 else 1e-5) for k, v in expected.items()}
    (folder / "case.json").write_text(json.dumps(dict(name=name, kind=kind, dtype="f32", made_by="bench/peers/roundtrip.py", seed=0, notes="", expect=tolerance), indent=1))
    return folder


def gradients(model, loss, files):
    """Every parameter's gradient, under the name that it has in the file (transformers 5 may leave out a prefix in memory)."""
    loss.backward()
    with safe_open(next(files.glob("*.safetensors")), "pt") as stored:
        names = {name: name for name in stored.keys()} | {name.removeprefix("vision_model."): name for name in stored.keys()}
    return {f"grad.{names[name.removeprefix('vision_model.')]}": p.grad for name, p in model.named_parameters()}


def qwen2(folder, name, files):
    model = opened(Qwen2ForCausalLM, files)
    ids = torch.randint(0, model.config.vocab_size, (2, 37))
    labels = ids.clone()
    labels[0, :5] = -100
    out = model(ids, labels=labels, output_hidden_states=True)
    tokens = prompt = ids[:1, :9]
    steps = []
    with torch.no_grad():
        for _ in range(24):  # argmax without a stop token
            logits = model(tokens).logits[:, -1]
            steps.append(logits)
            tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], 1)
    expected = {f"hidden_states.{i}": h for i, h in enumerate(out.hidden_states[:-1])}
    expected |= {"final_norm": out.hidden_states[-1], "logits": out.logits, "loss": out.loss.reshape(1), "greedy.ids": tokens[:, prompt.shape[1]:], "greedy.step_logits": torch.cat(steps)}
    expected |= gradients(model, out.loss, files)
    return case(folder, name, "qwen2", files, {"input_ids": ids, "labels": labels, "greedy.prompt_ids": prompt}, expected)


def siglip(folder, name, files):
    model = opened(SiglipVisionModel, files)
    pixels = torch.rand(2, 3, model.config.image_size, model.config.image_size) * 2 - 1
    pixels.requires_grad_()
    out = model(pixels, output_hidden_states=True)
    terms = {"features": out.hidden_states[-2], "last": out.last_hidden_state, "pool": out.pooler_output}
    inputs = {"pixel_values": pixels} | {f"weight_{k}": torch.randn_like(v) / v.numel() ** 0.5 for k, v in terms.items()}
    loss = sum((v * inputs[f"weight_{k}"]).sum() for k, v in terms.items())
    expected = {f"hidden_states.{i}": h for i, h in enumerate(out.hidden_states)}
    expected |= {"features": out.hidden_states[-2], "last_hidden_state": out.last_hidden_state, "pooler_output": out.pooler_output, "loss": loss.reshape(1)}
    expected |= gradients(model, loss, files) | {"grad.pixel_values": pixels.grad}
    return case(folder, name, "siglip", files, {k: v.detach() for k, v in inputs.items()}, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path, help="a checkpoint of a run, for example RUN/checkpoints/05-grpo-000100-done")
    checkpoint = parser.parse_args().checkpoint
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        if lucid("convert", checkpoint, work / "folders", "--layout", "folders"):
            sys.exit("lucid convert failed")
        text = Qwen2Config(vocab_size=211, hidden_size=64, intermediate_size=149, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False,
                           rope_theta=500_000.0)  # not the default: transformers 5 writes it in another place than 4
        Qwen2ForCausalLM(text).save_pretrained(work / "made" / "qwen2")
        vision = SiglipVisionConfig(hidden_size=48, intermediate_size=70, num_hidden_layers=3, num_attention_heads=4, image_size=42, patch_size=14)
        SiglipVisionModel(vision).save_pretrained(work / "made" / "siglip")
        cases = [
            qwen2(work, "lucid_to_transformers_qwen2", work / "folders" / "language_model"),
            siglip(work, "lucid_to_transformers_siglip", work / "folders" / "vision_tower"),
            qwen2(work, "transformers_to_lucid_qwen2", work / "made" / "qwen2"),
            siglip(work, "transformers_to_lucid_siglip", work / "made" / "siglip"),
        ]
        agree = tokenizers(work / "folders", work)
        sys.exit(lucid("parity", *cases) or (0 if agree else 1))


if __name__ == "__main__":
    main()
