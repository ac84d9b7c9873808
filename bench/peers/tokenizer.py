"""Lucid's tokenizer beside Hugging Face's `tokenizers`, one thread each, the same vocabulary and texts; ids must be equal.

    pip install tokenizers
    python bench/peers/tokenizer.py QWEN_FOLDER [TEXT...]       (the folder holds tokenizer.json; `lucid tokenizer convert` makes one from qwen.tiktoken)

Without texts of your own, four are made from a seed: English-like words, source code, Chinese-like and mixed scripts, 4 MB each.
Both sides print the best of seven rounds in CPU time of the encoding thread. `tokenizers` encodes the text in pieces of one line, which is what it is good at (one call with
the whole text is slower), Lucid the whole text at once.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import zlib

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer  # noqa: E402

LUCID = pathlib.Path(__file__).resolve().parents[2] / "lucid"
SIZE = 4 << 20


def texts():
    rng = random.Random(1)
    syllables = "the and ing ion ther ly con re pro man tion ent wa sh be lo ver ba ti mo st er in a o un ple qu ick com".split()
    words = ["".join(rng.choices(syllables, k=rng.randint(1, min(4, 1 + i // 50)))) for i in range(50_000)]

    def word():
        return words[int(50_000 ** rng.random()) - 1]  # Zipf's law

    def fill(line):
        lines, size = [], 0
        while size < SIZE:
            lines.append(line())
            size += len(lines[-1].encode()) + 1
        return "\n".join(lines)

    yield "english", fill(lambda: " ".join(word() for _ in range(rng.randint(5, 25))).capitalize() + ".")
    yield "code", fill(lambda: " " * (4 * rng.randint(0, 4)) + f"{word()}_{word()} = self.{word()}({rng.randint(0, 9999)}, '{word()}')  # {word()}")
    yield "chinese", fill(lambda: "".join(chr(0x4E00 + int(3000 * rng.random() ** 2)) for _ in range(rng.randint(10, 40))) + "。")
    yield "mixed", fill(lambda: f"{word()} {chr(rng.randint(0x400, 0x44F))}{chr(rng.randint(0x430, 0x44F))} {rng.randint(0, 10**6)}! 😀 {chr(0xC0 + rng.randint(0, 60))}{word()} {chr(0xAC00 + rng.randint(0, 9999))}")


def peer(tokenizer, text):
    pieces = text.splitlines(keepends=True)
    best, ids = float("inf"), []
    for _ in range(7):
        start = time.thread_time()
        ids = [i for piece in pieces for i in tokenizer.encode(piece, add_special_tokens=False).ids]
        best = min(best, time.thread_time() - start)
    start = time.thread_time()
    whole = tokenizer.encode(text, add_special_tokens=False).ids
    once = time.thread_time() - start
    decode = float("inf")
    for _ in range(3):
        start = time.thread_time()
        tokenizer.decode(whole, skip_special_tokens=False)
        decode = min(decode, time.thread_time() - start)
    crc = zlib.crc32(b"".join(i.to_bytes(4, "little") for i in whole))
    size = len(text.encode()) / 1e6
    return dict(ids=len(whole), crc32=crc, encode_mb_s=max(size / best, size / once), decode_mb_s=size / decode)


def main():
    folder = pathlib.Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    wrong = False
    with tempfile.TemporaryDirectory() as work:
        files = [pathlib.Path(f) for f in sys.argv[2:]]
        if not files:
            for name, text in texts():
                files.append(pathlib.Path(work) / name)
                files[-1].write_text(text, encoding="utf-8")
        print(f"{'text':10} {'ids':>9} {'Lucid MB/s':>11} {'peer MB/s':>10} {'ratio':>6}   {'decode':>7} {'peer':>7} {'ratio':>6}")
        for file in files:
            lucid = json.loads(subprocess.run([str(LUCID), "tokenizer", "speed", "--tokenizer", str(folder), str(file)], check=True, capture_output=True, text=True).stdout)
            theirs = peer(tokenizer, file.read_text(encoding="utf-8"))
            same = (lucid["ids"], lucid["crc32"]) == (theirs["ids"], theirs["crc32"])
            wrong |= not same
            print(f"{file.name:10} {lucid['ids']:9} {lucid['encode_mb_s']:11.2f} {theirs['encode_mb_s']:10.2f} {lucid['encode_mb_s'] / theirs['encode_mb_s']:6.2f}   "
                  f"{lucid['decode_mb_s']:7.1f} {theirs['decode_mb_s']:7.1f} {lucid['decode_mb_s'] / theirs['decode_mb_s']:6.2f}   {'' if same else 'IDS DIFFER'}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
