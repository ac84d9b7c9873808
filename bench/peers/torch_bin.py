"""Opens the .bin files that Lucid writes in PyTorch, and compares every tensor bit by bit.

    pip install torch safetensors
    python bench/peers/torch_bin.py MODEL              # a checkpoint that `lucid convert` reads
    python bench/peers/torch_bin.py MODEL --single     # one file only, for a model of many gigabytes (its zip has the 64-bit fields then)

`lucid convert` writes MODEL as one safetensors file, which the `safetensors` package reads, and as .bin: one file, shards and, where it is a TinyLLaVA model, its three folders.
Each is opened by `torch.load(weights_only=True)`, once read and once mapped; names, types, shapes and bytes must be equal, the pickle must be the one that `torch.save` makes of the
same tensors, and Python's zipfile must find every checksum right. The same for `--format bin_legacy`, the form without a zip, which PyTorch reads but does not map: there pickles
and storages must be those of `torch.save`, but for the storages' keys, which are addresses in PyTorch. Exit status 0 when everything agrees.
"""
import argparse
import collections
import io
import json
import pathlib
import pickletools
import subprocess
import sys
import tempfile
import zipfile

import torch
from safetensors import safe_open

LUCID = pathlib.Path(__file__).resolve().parents[2] / "lucid"
# language_model, vision_tower, connector; and what stands before their names in the whole model.
PARTS = {"language_model": "language_model.", "vision_tower": "vision_tower._vision_tower.", "connector": "connector."}


def convert(source, target, *options):
    if subprocess.run([str(LUCID), "convert", str(source), str(target), *options]).returncode:
        sys.exit(f"lucid convert {' '.join(options)} failed")
    return target


def bits(tensor):
    return tensor.contiguous().flatten().view(torch.uint8)


def pickle_of(file):
    with zipfile.ZipFile(file) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))


def check_archive(file):
    with zipfile.ZipFile(file) as archive:
        bad = archive.testzip()
    if bad:
        sys.exit(f"{file}: zipfile says that {bad} is damaged")


def check_pickle(file, tensors):
    """Types and shapes make the pickle; the values do not matter, so they are not copied."""
    same = io.BytesIO()
    torch.save(collections.OrderedDict((name, torch.empty(t.shape, dtype=t.dtype)) for name, t in tensors.items()), same)
    if pickle_of(file) != pickle_of(same):
        sys.exit(f"{file}: its pickle is not the one that torch.save makes")


def legacy_parts(stream, tensors):
    """Of a file without a zip: the opcodes of its five pickles, a storage's key replaced by the place of its tensor, and the storages, by that place."""
    pickles = [list(pickletools.genops(stream)) for _ in range(5)]
    keys = [argument for code, argument, _ in pickles[4] if code.name == "BINUNICODE"]
    known = set(keys)
    place = {}
    for _, argument, _ in pickles[3]:
        if argument in known:
            place.setdefault(argument, len(place))
    if keys != sorted(keys) or len(place) != len(keys):
        sys.exit("the storages' keys are not sorted, or not those of the tensors")
    opcodes = [[(code.name, place.get(argument, argument)) for code, argument, _ in p] for p in pickles[:4]] + [[code.name for code, _, _ in pickles[4]]]
    sizes = [t.element_size() for t in tensors.values()]
    storages = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little")
        storages[place[key]] = (count, stream.read(count * sizes[place[key]]))
    if stream.read():
        sys.exit("bytes after the last storage")
    return opcodes, storages


def check_legacy_pickles(file, tensors):
    same = io.BytesIO()
    torch.save(collections.OrderedDict((name, t.clone()) for name, t in tensors.items()), same, _use_new_zipfile_serialization=False)
    same.seek(0)
    with open(file, "rb") as stream:
        if legacy_parts(stream, tensors) != legacy_parts(same, tensors):
            sys.exit(f"{file}: its pickles or storages are not those that torch.save makes")


def check(expected, files, prefix="", legacy=False):
    """The tensors of the files, which together must be those of `expected` whose names start with the prefix."""
    with safe_open(expected, "pt") as wanted:
        left = {n for n in wanted.keys() if n.startswith(prefix)}
        for file in files:
            if zipfile.is_zipfile(file) == legacy:
                sys.exit(f"{file}: has the other of PyTorch's two forms")
            if not legacy:
                check_archive(file)
            # PyTorch maps zips only.
            for mapped in (False,) if legacy else (False, True):
                tensors = torch.load(file, weights_only=True, mmap=mapped)
                for name, found in tensors.items():
                    one = wanted.get_tensor(prefix + name)
                    if found.dtype != one.dtype or found.shape != one.shape or not torch.equal(bits(found), bits(one)):
                        sys.exit(f"{file}: {name}: other type, shape or numbers than in {expected}")
            if sum(t.numel() * t.element_size() for t in tensors.values()) < 1 << 30:
                (check_legacy_pickles if legacy else check_pickle)(file, tensors)
            left -= {prefix + name for name in tensors}
            print(f"{file.relative_to(expected.parents[1])}: {len(tensors)} tensors equal, {'read' if legacy else 'read and mapped'}")
    if left:
        sys.exit(f"missing: {sorted(left)[:5]} ...")


def check_format(model, work, expected, name, single):
    """Every layout of a format (`bin` or `bin_legacy`), or one file only."""
    legacy = name == "bin_legacy"
    work = work / name
    work.mkdir()
    check(expected, [convert(model, work / "single", "--format", name) / "pytorch_model.bin"], legacy=legacy)
    if single:
        return
    sharded = convert(model, work / "sharded", "--format", name, "--layout", "sharded", "--max-shard-mb", "1")
    index = json.loads((sharded / "pytorch_model.bin.index.json").read_text())["weight_map"]
    check(expected, [sharded / shard for shard in sorted(set(index.values()))], legacy=legacy)
    for tensor, shard in index.items():
        if tensor not in torch.load(sharded / shard, weights_only=True):
            sys.exit(f"the index places {tensor} in {shard}, which does not hold it")
    with safe_open(expected, "pt") as whole:
        video = any(n.startswith("connector.") for n in whole.keys())
    if video:
        folders = convert(model, work / "folders", "--format", name, "--layout", "folders")
        for folder, prefix in PARTS.items():
            check(expected, [folders / folder / "pytorch_model.bin"], prefix, legacy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--single", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        expected = convert(arguments.model, work / "expected") / "model.safetensors"
        for name in ("bin", "bin_legacy"):
            check_format(arguments.model, work, expected, name, arguments.single)


if __name__ == "__main__":
    main()
