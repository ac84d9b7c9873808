"""Opens an adapter that Lucid trained in peft, and one that peft made in Lucid, and compares the numbers.

    pip install torch transformers safetensors peft
    python bench/peers/lora.py RUN/checkpoints/01-...-done

peft loads the adapter beside the run's base model (its language model, by `lucid convert --layout folders`), and makes a second one with random matrices on all linear layers.
Logits with and without adapter, loss, every gradient of the adapter and the merged weights become case folders, from which `lucid parity` computes the same. Tolerance 1e-4 absolute.
Exit status 0 when everything agrees.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from roundtrip import case, lucid, opened
from transformers import Qwen2ForCausalLM


def lora(folder, name, files, adapter):
    """A case of kind qwen2.lora: `adapter` is a folder to load, or a configuration to make one of."""
    base = opened(Qwen2ForCausalLM, files)
    ids = torch.randint(0, base.config.vocab_size, (2, 29))
    labels = ids.clone()
    labels[1, :7] = -100
    with torch.no_grad():
        expected = {"base_logits": base(ids).logits}
    if isinstance(adapter, LoraConfig):
        model = get_peft_model(base, adapter)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.normal_(std=0.2)
        model.save_pretrained(folder / "made" / "adapter")
        adapter = folder / "made" / "adapter"
    else:
        model = PeftModel.from_pretrained(base, adapter, is_trainable=True)
    model.eval()
    out = model(ids, labels=labels)
    out.loss.backward()
    expected |= {"logits": out.logits, "loss": out.loss.reshape(1)}
    expected |= {f"grad.{n.replace('.default.', '.')}": p.grad for n, p in model.named_parameters() if p.requires_grad}
    layers = {n.removesuffix(".lora_A.default.weight").removeprefix("base_model.model.") for n, p in model.named_parameters() if n.endswith(".lora_A.default.weight")}
    merged = model.merge_and_unload()
    with torch.no_grad():
        expected |= {"merged_logits": merged(ids).logits} | {f"merged.{n}": p for n, p in merged.named_parameters() if n.removesuffix(".weight") in layers}
    made = case(folder, name, "qwen2.lora", files, {"input_ids": ids, "labels": labels}, expected)
    shutil.copytree(adapter, made / "adapter", ignore=shutil.ignore_patterns("optimizer*", "README*"))
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path, help="a checkpoint of a run that trained an adapter")
    checkpoint = parser.parse_args().checkpoint
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        base = checkpoint / json.loads((checkpoint / "adapter_config.json").read_text())["base_model_name_or_path"]
        if lucid("convert", base, work / "folders", "--layout", "folders", "--dtype", "f32"):
            sys.exit("lucid convert failed")
        files = work / "folders" / "language_model"
        everywhere = LoraConfig(r=5, lora_alpha=7, target_modules="all-linear", task_type="CAUSAL_LM")
        sys.exit(lucid("parity", lora(work, "lucid_to_peft", files, checkpoint), lora(work, "peft_to_lucid", files, everywhere)))


if __name__ == "__main__":
    main()
