"""Writes the .bin files of this folder: python make_torch_files.py   (torch 2.x; values are counted up, so no seed is needed)."""
import collections
import torch

DTYPES = dict(f64=torch.float64, f32=torch.float32, f16=torch.float16, bf16=torch.bfloat16, i64=torch.int64, i32=torch.int32,
              i16=torch.int16, i8=torch.int8, u8=torch.uint8, bool=torch.bool)


def tensors():
    out = {name: torch.arange(-2, 4).abs().reshape(2, 3).to(t) for name, t in DTYPES.items()}
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    out["base"] = base                        # storage shared by the next four
    out["row"] = base[2]                      # contiguous, with an offset
    out["transposed"] = base.t()              # strides swapped
    out["part"] = base[1:3, 1:6:2]            # strides with gaps
    out["reshaped"] = base.reshape(2, 1, 12)
    out["scalar"] = torch.tensor(2.5)
    out["empty"] = torch.zeros(0, 7)
    out["parameter"] = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    return out


torch.save(tensors(), "zip.bin")
torch.save(tensors(), "zip_protocol_4.bin", pickle_protocol=4)
torch.save(tensors(), "legacy.bin", _use_new_zipfile_serialization=False)
linear = torch.nn.Linear(3, 2)
with torch.no_grad():
    linear.weight.copy_(torch.arange(6.0).reshape(2, 3))
    linear.bias.copy_(torch.tensor([-1.0, 1.0]))
torch.save(linear.state_dict(), "state_dict.bin")   # an OrderedDict with _metadata
torch.save({"epoch": 3, "state_dict": linear.state_dict()}, "checkpoint.bin")
torch.save({"wide": torch.ones(1).expand(1000)}, "expanded.bin")

# What Lucid writes must have this very pickle: names in order, contiguous, a storage for each; more than 256 memos, numbers of one, two and four bytes, rank 0 to 5.
shapes = [(), (0, 7), (7, 0), (3,), (2, 3), (2, 1, 2), (1, 2, 1, 2), (1, 1, 2, 1, 1), (300,), (70000,)]
ordered = {f"layer.{i:02d}.\u00e9": torch.zeros(shapes[i % 10] if i < 10 else shapes[i % 9], dtype=list(DTYPES.values())[i % 9 if i % 10 < 9 else 8]) for i in range(30)}
torch.save(collections.OrderedDict(sorted(ordered.items())), "ordered.bin")

# The same for the form without a zip; the storages are not empty here.
counted = collections.OrderedDict((f"layer.{i:02d}.\u00e9", (torch.arange(torch.Size(shapes[i % 9]).numel()) % 2).reshape(shapes[i % 9]).to(list(DTYPES.values())[i % 10])) for i in range(30))
torch.save(counted, "ordered_legacy.bin", _use_new_zipfile_serialization=False)
