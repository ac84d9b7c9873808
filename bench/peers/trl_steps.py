"""Whole updates of TRL's GRPOTrainer and SFTTrainer, and of peft's adapters, on what Lucid's test TrlStepsTest was given. No benchmark.

    mvn -pl grpo -am test -Dtest=TrlStepsTest -Dsurefire.failIfNoSpecifiedTests=false -Dlucid.trl=DIR
    pip install torch transformers trl peft
    python bench/peers/trl_steps.py DIR > grpo/src/test/resources/trl/steps.json

TRL is given Lucid's weights, prompts, completions and rewards; it does all that follows: advantages, log-probabilities, reference, loss,
gradients, clipping, AdamW, schedule, metrics. The rows of a clip are frozen, so they are looked up like tokens, behind the vocabulary.
Settings that are not its own by default: all weights decay, and the KL is not multiplied by the ratio unless the recipe says so.
On standard error: how far apart the samples of the weights end, and the largest difference of each metric.
"""
import gzip
import json
import logging
import pathlib
import sys
import tempfile
import warnings

import torch
import transformers
import trl
from datasets import Dataset
from peft import PeftModel
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from trl.trainer.grpo_trainer import add_fused_lm_head

SAMPLES = 4
PLACEHOLDER, IGNORE = -200, -100
OWN = {"step_time", "epoch", "step"}  # of clocks, and of a data set that is made up


class Looked(torch.nn.Embedding):
    """Tokens, and behind them the rows of the clips."""

    def forward(self, ids):
        tokens = self.weight.shape[0]
        rows = self.visual[(ids - tokens).clamp(min=0)]
        return torch.where((ids >= tokens)[..., None], rows, super().forward(ids.clamp(max=tokens - 1)))


class Case:
    def __init__(self, root, name):
        self.name, self.run = name, root / name
        self.recipe = json.loads((self.run / "recipe.json").read_text())
        self.stage = self.recipe["stages"][0]
        self.items = json.loads((self.run / "items.json").read_text())
        self.adapter = bool(self.recipe.get("lora"))
        self.base = next((root / "letters" / "checkpoints").glob("*-done"))
        self.text = self.recipe["model"]["text_config"]
        visual = json.loads((self.run / "visual.json").read_text())
        self.first, rows = {}, []
        for clip, values in visual.items():
            self.first[int(clip)] = (len(rows), values["rows"])
            rows += torch.tensor(values["values"]).reshape(values["rows"], -1).unbind()
        self.visual = torch.stack(rows) if rows else torch.zeros(1, self.text["hidden_size"])

    def rows(self, clip):
        first, count = self.first[clip]
        return [self.text["vocab_size"] + first + i for i in range(count)]

    def ids(self, item):
        return [i for x in item["ids"] for i in (self.rows(item["clip"]) if x == PLACEHOLDER else [x])]

    def labels(self, item):
        pairs = zip(item["ids"], item["labels"])
        return [i for x, label in pairs for i in ([IGNORE] * len(self.rows(item["clip"])) if x == PLACEHOLDER else [label])]

    def model(self):
        config = transformers.Qwen2Config(**{k: v for k, v in self.text.items() if k != "model_type"}, attn_implementation="eager")
        model = transformers.Qwen2ForCausalLM(config)
        stored = load_file(self.base / "model.safetensors")
        state = {k.removeprefix("language_model."): v for k, v in stored.items() if k.startswith("language_model.")}
        wrong = model.load_state_dict(state, strict=False)
        assert not wrong.unexpected_keys and set(wrong.missing_keys) <= {"lm_head.weight"}, wrong
        model.tie_weights()
        looked = Looked(self.text["vocab_size"], self.text["hidden_size"])
        looked.weight, looked.visual = model.model.embed_tokens.weight, self.visual
        model.model.embed_tokens = looked
        return PeftModel.from_pretrained(model, self.run / "start", is_trainable=True) if self.adapter else model

    def settings(self, updates):
        o = self.stage["optimizer"]
        more = {"lr_scheduler_kwargs": {"min_lr_rate": o["floor"]}} if o["schedule"] == "cosine_with_min_lr" else {}
        return dict(
            learning_rate=o["lr"], lr_scheduler_type=o["schedule"], warmup_steps=o["warmup"], max_grad_norm=o["max_grad_norm"] or 0.0,
            max_steps=updates, use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False, report_to=[], save_strategy="no",
            disable_tqdm=True, **more)

    def optimizer(self, model):
        o = self.stage["optimizer"]
        weights = [p for p in model.parameters() if p.requires_grad]
        return torch.optim.AdamW(weights, lr=o["lr"], betas=(o["beta1"], o["beta2"]), eps=o["eps"], weight_decay=o["weight_decay"])


def words(case):
    """One word, one token: TRL wants a tokenizer, and its texts are never looked at."""
    raw = Tokenizer(models.WordLevel({f"w{i}": i for i in range(case.text["vocab_size"])}, unk_token="w1"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    end = f"w{case.text['eos_token_id']}"
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="w1", pad_token=end, eos_token=end, padding_side="left")


def in_order(trainer):
    class InOrder(trainer):
        def _get_train_sampler(self, dataset=None):
            return torch.utils.data.SequentialSampler(dataset if dataset is not None else self.train_dataset)

    return InOrder


def supervised(case, folder):
    stage, model = case.stage, case.model()
    size = len(case.items[0])
    part = stage.get("micro_batch") or size
    rows = [dict(input_ids=case.ids(i), labels=case.labels(i)) for step in case.items for i in step]
    config = trl.SFTConfig(
        output_dir=folder, per_device_train_batch_size=part, gradient_accumulation_steps=size // part, logging_steps=1, max_length=None,
        **case.settings(stage["steps"]))
    trainer = in_order(trl.SFTTrainer)(
        model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=words(case), optimizers=(case.optimizer(model), None))
    trainer.train()
    return model, [{k: v for k, v in h.items() if k not in OWN} for h in trainer.state.log_history if "loss" in h]


def rewarded(case, folder):
    stage, loss, model = case.stage, case.stage["loss"], case.model()
    group, size = stage["completions"], stage["completions"] * stage["prompts"]
    rollouts = [[json.loads(line) for line in p.read_text().splitlines()] for p in sorted((case.run / "rollouts").glob("*.jsonl"))]
    drawn = [[json.loads(line)["ids"] for line in gzip.open(p, "rt")] for p in sorted((case.run / "ledger").glob("*.jsonl.gz"))]
    step = -1

    def total(completions, **_):
        return [r["reward"] for r in rollouts[step]]

    def accuracy_reward(completions, **_):
        return [r["accuracy"] for r in rollouts[step]]

    def format_reward(completions, **_):
        return [r["format"] for r in rollouts[step]]

    class Given(in_order(trl.GRPOTrainer)):
        def _tokenize_prompts(self, prompts):
            nonlocal step
            step += 1
            return [case.ids(item) for item in case.items[step] for _ in range(group)], None, {}

        def _generate_single_turn(self, *_):
            return drawn[step], None

    cispo = loss["surrogate"] == "cispo"  # there epsilon_high is the bound of the ratio itself
    config = trl.GRPOConfig(
        output_dir=folder, per_device_train_batch_size=size, steps_per_generation=1, num_generations=group,
        max_completion_length=stage["max_new_tokens"], temperature=stage["sampling"]["temperature"], beta=0.0,
        num_iterations=stage["iterations"], logging_steps=stage["iterations"],
        epsilon=1e9 if loss["epsilon_low"] is None else loss["epsilon_low"],
        epsilon_high=1e9 if loss["epsilon_high"] is None else loss["epsilon_high"] + cispo, delta=loss["delta"],
        loss_type="cispo" if cispo else {"sequence_mean": "grpo", "token_mean": "dapo", "fixed_length_mean": "dr_grpo"}[loss["aggregation"]],
        importance_sampling_level=loss["ratio"], scale_rewards=stage["advantage"]["std_of"] if stage["advantage"]["divide_by_std"] else "none",
        mask_truncated_completions=loss["mask_truncated"], use_bias_correction_kl=loss["kl_times_ratio"], reward_weights=[1.0, 0.0, 0.0],
        **case.settings(stage["steps"] * stage["iterations"]))
    texts = Dataset.from_dict({"prompt": ["w1"] * size * stage["steps"] * stage["iterations"]})
    trainer = Given(
        model=model, reward_funcs=[total, accuracy_reward, format_reward], args=config, train_dataset=texts, processing_class=words(case),
        optimizers=(case.optimizer(model), None))
    if loss["beta"] > 0:  # TRL's own reference would be read from a hub
        trainer.beta = loss["beta"]
        if not case.adapter:
            trainer.ref_model = case.model().eval()
            add_fused_lm_head(trainer.ref_model, temperature=trainer.temperature)
    trainer.train()
    logged = [h for h in trainer.state.log_history if "reward" in h]
    # With the batch's deviation it says whether that is 0; Lucid's is the share of the groups all the same.
    own = OWN | {"frac_reward_zero_std"} if stage["advantage"]["std_of"] == "batch" else OWN
    return model, [{k: v for k, v in h.items() if k not in own and not k.startswith("rewards/total")} for h in logged]


def weights(case, model):
    """By the names that Lucid gives them."""
    if case.adapter:
        return {k.removeprefix("base_model.model.").replace(".default", ""): p.detach() for k, p in model.named_parameters() if ".default." in k}
    return {"language_model." + k: p.detach() for k, p in model.named_parameters() if not k.startswith("lm_head")}


def differences(case, lines, end):
    found = [json.loads(line) for line in (case.run / "metrics.jsonl").read_text().splitlines()]
    assert len(found) == len(lines), (len(found), len(lines))
    worst = {}
    for mine, wanted in zip(found, lines):
        for k, v in wanted.items():
            worst[k] = max(worst.get(k, 0.0), abs(mine[k] - v) / max(1e-3, abs(v)))
    samples = json.loads((case.run / "weights.json").read_text())
    assert samples.keys() == end.keys(), samples.keys() ^ end.keys()
    apart = max(abs(a - b) for k in end for a, b in zip(samples[k], end[k]))
    most = sorted(((v, k) for k, v in worst.items() if v > 0), reverse=True)
    print(f"{case.name}: samples of weights at most {apart:.1e} apart;", ", ".join(f"{k} {v:.1e}" for v, k in most), file=sys.stderr)


def sampled(p):
    p = p.flatten()
    return [p[i * (len(p) - 1) // (SAMPLES - 1)].item() for i in range(SAMPLES)]


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(2)
    out, sys.stdout = sys.stdout, sys.stderr  # the trainers print
    root = pathlib.Path(sys.argv[1])
    made = {"made_by": f"bench/peers/trl_steps.py: TRL {trl.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"}
    for name in sorted(p.parent.name for p in root.glob("*/recipe.json")):
        case = Case(root, name)
        with tempfile.TemporaryDirectory() as folder:
            model, lines = (rewarded if case.stage["kind"] == "grpo" else supervised)(case, folder)
        end = {k: sampled(p) for k, p in weights(case, model).items()}
        differences(case, lines, end)
        made[name] = {"run": (case.run / "identity").read_text(), "lines": lines, "weights": end}
    json.dump(made, out)
    print(file=out)
