"""A decoder of any size, Lucid beside PyTorch and Jlama: the prompt of a question about a clip (600 rows), and an answer to it (8 tokens).

    ./lucid init --config qwen2.5-3b --out qwen-3b --seed 1       (6.2 GB; f32 in PyTorch needs 12.4 GB of memory on top)
    ./lucid model pack qwen-3b                                    (as for many answers; without it Lucid reads weights as they lie)
    python bench/peers/generate_full.py --model qwen-3b
    python bench/peers/generate_full.py --model qwen-3b --peers bfloat16 --cpu        one thread, CPU seconds: for a machine that is never idle

For Jlama, which wants Java 25 on the path (or JAVA_HOME) and a tokenizer.json in the folder:

    ./lucid init --config qwen2.5-3b --out qwen-3b --seed 1 --tokenizer FOLDER
    ./lucid tokenizer convert --tokenizer qwen-3b --out words && cp words/tokenizer.json qwen-3b/
    mvn -q -f bench/peers/jlama org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory=target/lib
    python bench/peers/generate_full.py --model qwen-3b --peers jlama

All read the same folder. Lucid computes in f32 on bf16 weights, Jlama in f32 on the weights as they lie; PyTorch converts them once to its type. Two at a time are warmed up and
take turns; the ratio is the peer's time by Lucid's (above 1 Lucid is faster). On a processor with AMX or AVX512_BF16, PyTorch's bfloat16 is expected ahead in the prompt.
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
parser.add_argument("--peers", nargs="+", default=["bfloat16", "float32"], choices=["bfloat16", "float32", "jlama"], help="PyTorch in these types, Jlama (default: PyTorch's)")
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


class Worker:
    """A process that says when it is ready, and does a repetition for every line that it reads."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.read("ready")

    def read(self, wanted):
        for text in self.process.stdout:
            if text.startswith(wanted):
                return text
        sys.exit(f"generate_full: {self.name} ended early")

    def repetition(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.read('{"workload"'))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Lucid(Worker):
    def __init__(self, workload):
        command = [LUCID, "peer", workload, "--model", options.model, "--threads", str(options.threads), "--warmup", str(options.warmup), "--interactive"]
        super().__init__("lucid peer", command + (["--cpu"] if options.cpu else []))

    def seconds(self):
        return self.repetition()["seconds"]


class Jlama(Worker):
    """Each repetition is a prompt and the tokens behind it. Its prompt may have a few rows less, and counts in proportion."""

    def __init__(self, workload):
        self.decoding = workload == "full_decode"
        home = os.environ.get("JAVA_HOME")
        library = os.path.join(HERE, "jlama", "target", "lib")
        if not os.path.isdir(library):
            sys.exit(f"generate_full: {library} is missing; the first lines of this script say how to fetch Jlama")
        super().__init__("Jlama", [os.path.join(home, "bin", "java") if home else "java", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                                   "-cp", os.path.join(library, "*"), os.path.join(HERE, "jlama", "JlamaPeer.java"),
                                   options.model, str(PROMPT), str(NEW), str(options.threads), "cpu" if options.cpu else "seconds"])
        warmed = common.WarmUp(options.warmup)
        while not warmed():
            self.seconds()

    def seconds(self):
        told = self.repetition()
        return told["decode"] * NEW / told["tokens"] if self.decoding else told["prompt"] * PROMPT / told["rows"]


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

    def close(self):
        del self.model


def main():
    print(f"{options.model}, {options.threads} threads, {'CPU seconds' if options.cpu else 'seconds'}, median of {options.turns} turns (PyTorch {torch.__version__}, transformers {transformers.__version__})")
    print(f"{'workload':13} {'peer':9} {'Lucid s':>9} {'peer s':>10} {'ratio':>6}   tokens/s (Lucid, peer)")
    for name in options.peers:
        for workload in options.workloads:
            lucid, peer = Lucid(workload), Jlama(workload) if name == "jlama" else Torch(workload, name)
            a, b = [], []
            for _ in range(options.turns):
                time.sleep(0.3)  # worker threads of the other side spin for a moment after their work
                a.append(lucid.seconds())
                time.sleep(0.3)
                b.append(peer.seconds())
            lucid.close()
            peer.close()
            a, b = statistics.median(a), statistics.median(b)
            tokens = PROMPT if workload == "full_prefill" else NEW
            print(f"{workload:13} {name:9} {a:9.3f} {b:10.3f} {b / a:6.2f}   {tokens / a:.2f}, {tokens / b:.2f}", flush=True)
            del peer


if __name__ == "__main__":
    with torch.inference_mode():
        main()
