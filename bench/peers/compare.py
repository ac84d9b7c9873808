"""Runs Lucid and its peers in turns, one repetition each, and prints medians and ratios.

    python bench/peers/compare.py                         all workloads, 5 turns
    python bench/peers/compare.py generate --turns 9 --quiet 60

Both processes are started once and warmed up; then they take turns, so that whatever else the machine does meets both.
On Linux every repetition also gets the share of the processors that neither of the two used ("others"): multi-threaded code that waits at barriers
suffers from it far more than its share, so medians leave disturbed repetitions out where three others are left, and --quiet waits before each turn until
the machine is idle. --json FILE keeps every repetition.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRIPTS = {"demo_step": "qwen2_step.py", "layer_step": "qwen2_step.py", "generate": "generate.py", "trl_grpo": "trl_grpo.py"}
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
IDLE = 0.10


def busy():
    """Seconds that all processors together have been busy (stolen time included); None where the system does not say."""
    try:
        with open("/proc/stat") as f:
            user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
    except OSError:
        return None
    return (user + nice + system + irq + softirq + steal) / TICK


def used(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICK


def wait_until_idle(seconds):
    """True once the processors were idle for half a second."""
    end = time.monotonic() + seconds
    while busy() is not None:
        before = busy()
        time.sleep(0.5)
        if (busy() - before) / 0.5 / os.cpu_count() < IDLE:
            return True
        if time.monotonic() > end:
            return False
    return False


class Side:
    def __init__(self, command, log):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.command, self.log = command, log
        self.results = []

    def read(self, wanted):
        for text in self.process.stdout:
            if text.startswith(wanted):
                return text
        sys.exit(f"compare: {' '.join(self.command)} ended early; its messages are in {self.log.name}")

    def turn(self):
        all_before, own_before, start = busy(), used(self.process.pid), time.monotonic()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        result = json.loads(self.read('{"workload"'))
        if all_before is not None and own_before is not None:
            elapsed = time.monotonic() - start
            others = (busy() - all_before) - (used(self.process.pid) - own_before)
            result["others"] = max(0.0, others / elapsed / os.cpu_count())
        self.results.append(result)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def compare(workload, options, log):
    launcher = os.path.join(ROOT, "lucid.cmd" if os.name == "nt" else "lucid")
    common = ["--warmup", str(options.warmup), "--interactive"] + (["--cpu"] if options.cpu else [])
    sides = [Side([launcher, "peer", workload, *common, "--threads", str(options.threads)], log)]
    sides[0].read("ready")
    sides.append(Side([sys.executable, os.path.join(HERE, SCRIPTS[workload]), workload, *common], log))
    sides[1].read("ready")
    for turn in range(options.turns):
        for side in sides if turn % 2 == 0 else reversed(sides):
            # Worker threads of the other side spin for a moment after their work.
            time.sleep(0.3)
            if options.quiet:
                wait_until_idle(options.quiet)
            side.turn()
    for side in sides:
        side.close()
    return [side.results for side in sides]


def summary(results):
    """Median and best seconds of the undisturbed repetitions (of all, if fewer than three are), and how many those are."""
    calm = [r["seconds"] for r in results if r.get("others", 0) <= IDLE]
    seconds = calm if len(calm) >= 3 else [r["seconds"] for r in results]
    return statistics.median(seconds), min(seconds), f"{len(calm)}/{len(results)}" + ("" if len(calm) >= 3 else " (all used)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="of " + ", ".join(SCRIPTS) + " (default: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--warmup", type=float, default=20, metavar="S", help="seconds of repetitions before, for each side (default 20: HotSpot compiles for that long)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quiet", type=float, default=0, metavar="S", help="wait up to S seconds before each turn until the machine is idle")
    parser.add_argument("--cpu", action="store_true", help="CPU seconds with one thread each, for a busy machine (demo_step and layer_step)")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    for workload in options.workloads:
        if workload not in SCRIPTS:
            parser.error(f"workload '{workload}'; wanted one of {', '.join(SCRIPTS)}")
    if options.cpu:
        options.threads = 1
    os.environ["PEER_THREADS"] = str(options.threads)
    everything = []
    print(f"{'workload':11} {'peer':22} {'Lucid s':>8} {'peer s':>8} {'ratio':>6} {'best':>6}  undisturbed (Lucid, peer)")
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as log:
        for workload in options.workloads or SCRIPTS:
            lucid, peer = compare(workload, options, log)
            everything += lucid + peer
            (a, a_best, a_calm), (b, b_best, b_calm) = summary(lucid), summary(peer)
            print(f"{workload:11} {peer[0]['engine']:22} {a:8.3f} {b:8.3f} {b / a:6.2f} {b_best / a_best:6.2f}  {a_calm}, {b_calm}", flush=True)
    print(f"{options.threads} threads, {options.turns} turns; medians of the undisturbed repetitions (others used at most {IDLE:.0%} of the processors).")
    print("ratio: peer's time by Lucid's (above 1 Lucid is faster); best: the same of the fastest repetitions.")
    if options.json:
        with open(options.json, "w") as f:
            json.dump(everything, f, indent=1)


if __name__ == "__main__":
    main()
