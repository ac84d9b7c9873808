"""Whole GRPO steps of TRL's GRPOTrainer, text alone: the demo's Qwen2 with random weights, 8 prompts of 96 tokens, 8 completions of 64 tokens each.

No KL (beta 0, so no reference model), one update per rollout, no gradient checkpointing, f32, AdamW. The tokenizer is made on the fly: one word, one token.
The time of a step is from the trainer's on_step_begin to its on_step_end: rollout, rewards, forward, backward, update.
"""
import logging
import random
import sys
import tempfile
import time

import common
import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers

PROMPTS, LENGTH, COMPLETIONS, NEW = 8, 96, 8, 64


def tokenizer():
    words = {f"w{i}": i for i in range(common.DEMO["vocab_size"])}
    raw = Tokenizer(models.WordLevel(words, unk_token="w0"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="w0", pad_token="w0", eos_token="w1", padding_side="left")


def data(steps):
    draw = random.Random(1)
    texts = [" ".join(f"w{draw.randrange(2, common.DEMO['vocab_size'])}" for _ in range(LENGTH)) for _ in range(PROMPTS * steps)]
    return Dataset.from_dict({"prompt": texts})


def reward(completions, **_):
    return [float(text.count("7")) for text in completions]


class Clock(transformers.TrainerCallback):
    """Waits for a turn before every measured step, and prints its time after it."""

    def __init__(self, options):
        self.options, self.warmed, self.measuring, self.seconds = options, None, False, []

    def on_step_begin(self, args, state, control, **_):
        self.warmed = self.warmed or common.WarmUp(self.options.warmup)
        warm = self.warmed()
        if self.options.interactive and warm and not self.measuring:
            print("ready", flush=True)
        self.measuring = warm
        if self.options.interactive and self.measuring and not sys.stdin.readline():
            raise SystemExit(0)  # no more turns
        self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        took = time.perf_counter() - self.start
        if self.measuring:
            if self.options.interactive:
                common.line(self.options.workload, ENGINE, PROMPTS * COMPLETIONS * NEW, [took])
            else:
                self.seconds.append(took)
                control.should_training_stop = len(self.seconds) == self.options.repetitions


ENGINE = "trl " + trl.__version__

if __name__ == "__main__":
    options = common.arguments(__doc__, ["trl_grpo"])
    logging.disable(logging.WARNING)
    torch.set_num_threads(common.THREADS)
    torch.manual_seed(1)
    clock = Clock(options)
    with tempfile.TemporaryDirectory() as folder:
        config = trl.GRPOConfig(
            output_dir=folder, max_steps=100_000, per_device_train_batch_size=PROMPTS * COMPLETIONS, gradient_accumulation_steps=1,
            num_generations=COMPLETIONS, max_completion_length=NEW, generation_kwargs=dict(min_new_tokens=NEW),
            temperature=1.0, beta=0.0, num_iterations=1, learning_rate=1e-6, max_grad_norm=1.0, bf16=False, fp16=False, use_cpu=True,
            gradient_checkpointing=False, report_to=[], logging_strategy="no", save_strategy="no", disable_tqdm=True)
        trainer = trl.GRPOTrainer(model=transformers.Qwen2ForCausalLM(common.demo_config()), reward_funcs=reward, args=config,
                                  train_dataset=data(64), processing_class=tokenizer(), callbacks=[clock])
        trainer.train()
    common.line(options.workload, ENGINE, PROMPTS * COMPLETIONS * NEW, clock.seconds)
