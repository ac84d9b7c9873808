"""What the peers share: the demo's model sizes, the command line, and the measuring loop.

    pip install torch transformers trl

A peer does one fixed piece of work per repetition. It prints one line of JSON: the median and every repetition.
With --interactive it measures one repetition for every line on standard input instead, so that compare.py can take turns.
"""
import argparse
import json
import os
import statistics
import sys
import time

THREADS = int(os.environ.get("PEER_THREADS", "2"))
os.environ["OMP_NUM_THREADS"] = str(THREADS)  # before torch is imported
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# grpo/src/main/resources/recipes/demo.json, model.text_config
DEMO = dict(
    vocab_size=512,
    hidden_size=128,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=32,
    intermediate_size=384,
    rope_theta=10000.0,
    rms_norm_eps=1e-6,
    max_position_embeddings=512,
    tie_word_embeddings=True,
)


def demo_config():
    from transformers import Qwen2Config

    return Qwen2Config(**DEMO, attn_implementation="sdpa", bos_token_id=None, eos_token_id=None, pad_token_id=0)


def arguments(doc, workloads):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=workloads, nargs="?" if len(workloads) == 1 else None, default=workloads[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--warmup", type=float, default=20, metavar="S", help="seconds of repetitions before")
    parser.add_argument("--cpu", action="store_true", help="CPU seconds of the process instead of time that passes (with one thread, for a busy machine)")
    parser.add_argument("--interactive", action="store_true", help="one repetition, and one line, for every line read")
    return parser.parse_args()


def line(workload, engine, tokens, seconds):
    print(json.dumps(dict(workload=workload, engine=engine, threads=THREADS, tokens=tokens,
                          seconds=statistics.median(seconds), repetitions=seconds)), flush=True)


class WarmUp:
    """True once `seconds` have gone by since it was made."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def __call__(self):
        return time.monotonic() >= self.end


def measure(options, engine, tokens, work):
    """Times work(), which may return its own seconds."""

    clock = time.process_time if options.cpu else time.perf_counter

    def once():
        start = clock()
        own = work()
        if own is not None and options.cpu:
            sys.exit(f"{options.workload} takes its own time; --cpu cannot measure it")
        return clock() - start if own is None else own

    warmed = WarmUp(options.warmup)
    while not warmed():
        once()
    if options.interactive:
        print("ready", flush=True)
        for _ in sys.stdin:
            line(options.workload, engine, tokens, [once()])
    else:
        line(options.workload, engine, tokens, [once() for _ in range(options.repetitions)])
