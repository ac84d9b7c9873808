"""A decoder of any size, Lucid beside PyTorch: the prompt of a question about a clip (600 rows), and an answer to it (8 tokens).

    ./lucid init --config qwen2.5-3b --out qwen-3b --seed 1       (6.2 GB; f32 in PyTorch needs 12.4 GB of memory on top)
    python bench/peers/generate_full.py --model qwen-3b
    python bench/peers/generate_full.py --model qwen-3b --dtypes bfloat16 --cpu        one thread, CPU seconds: for a machine that is never idle

Both read the same folder. Lucid computes in f32 on the weights where the file is mapped; PyTorch converts them once to its type. Both are warmed up and then
take turns; the ratio is PyTorch's time by Lucid's (above 1 Lucid is faster). On a processor with AMX or AVX512_BF16, PyTorch's bfloat16 is expected ahead in the prompt.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", required=True, metavar="DIR")
parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"], choices=["bfloat16", "float32"])
parser.add_argument("--workloads", nargs="+", default=["full_prefill", "full_decode"], choices=["full_prefill", "full_decode"])
parser.add_argument("--turns", type=int, default=3)
parser.add_argument("--warmup", type=float, default=1, metavar="S", help="seconds of repetitions before (default 1: one repetition)")
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--cpu", action="store_true", help="CPU seconds of one thread each")
options = parser.parse_args()
if options.cpu:
    options.threads = 1
os.environ["PEER_THREADS"] = str(options.threads)
os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))

import common  # noqa: E402  (after the environment)
import torch  # noqa: E402
import transformers  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LUCID = os.path.join(os.path.dirname(os.path.dirname(HERE)), "lucid.cmd" if os.name == "nt" else "lucid")
PROMPT, NEW = 600, 8
torch.set_num_threads(options.threads)
clock = time.process_time if options.cpu else time.perf_counter


class Lucid:
    def __init__(self, workload):
        command = [LUCID, "peer", workload, "--model", options.model, "--threads", str(options.threads), "--warmup", str(options.warmup), "--interactive"]
        self.process = subprocess.Popen(command + (["--cpu"] if options.cpu else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.read("ready")

    def read(self, wanted):
        for text in self.process.stdout:
            if text.startswith(wanted):
                return text
        sys.exit("generate_full: lucid peer ended early")

    def seconds(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.read('{"workload"'))["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Torch:
    def __init__(self, workload, dtype):
        self.decoding = workload == "full_decode"
        self.model = transformers.Qwen2ForCausalLM.from_pretrained(options.model, dtype=getattr(torch, dtype)).eval()
        self.ids = torch.randint(0, self.model.config.vocab_size, (1, PROMPT))
        self.prompt = self.model.model(input_ids=self.ids, use_cache=True).past_key_values if self.decoding else None
        warmed = common.WarmUp(options.warmup)
        while not warmed():
            self.seconds()

    def seconds(self):
        start = clock()
        if self.decoding:
            self.decode()
        else:
            self.model.model(input_ids=self.ids, use_cache=True)
        return clock() - start

    def decode(self):
        token = self.ids[:, :1]
        for _ in range(NEW):
            token = self.model(input_ids=token, past_key_values=self.prompt, use_cache=True).logits[:, -1].argmax(-1, keepdim=True)
        self.prompt.crop(-NEW)


def main():
    print(f"{options.model}, {options.threads} threads, {'CPU seconds' if options.cpu else 'seconds'}, median of {options.turns} turns (PyTorch {torch.__version__}, transformers {transformers.__version__})")
    print(f"{'workload':13} {'dtype':9} {'Lucid s':>9} {'PyTorch s':>10} {'ratio':>6}   tokens/s (Lucid, PyTorch)")
    for dtype in options.dtypes:
        for workload in options.workloads:
            lucid, peer = Lucid(workload), Torch(workload, dtype)
            a, b = [], []
            for _ in range(options.turns):
                time.sleep(0.3)  # worker threads of the other side spin for a moment after their work
                a.append(lucid.seconds())
                time.sleep(0.3)
                b.append(peer.seconds())
            lucid.close()
            a, b = statistics.median(a), statistics.median(b)
            tokens = PROMPT if workload == "full_prefill" else NEW
            print(f"{workload:13} {dtype:9} {a:9.3f} {b:10.3f} {b / a:6.2f}   {tokens / a:.2f}, {tokens / b:.2f}", flush=True)
            del peer


if __name__ == "__main__":
    with torch.inference_mode():
        main()
