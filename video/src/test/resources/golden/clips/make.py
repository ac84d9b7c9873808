# Makes ../../media/turned.mov and ../../media/passing.mkv, and frames.json: what the original training code's decoder returns for the three clips there (README.md says what is in them).
#   pip install decord==0.6.0 Pillow==11.1.0 numpy==2.4.6 av==18.1.0 && python make.py
import hashlib
import json
import os
from fractions import Fraction

import av
import decord
import numpy
from PIL import Image

os.chdir(os.path.dirname(os.path.abspath(__file__)))
MEDIA = "../../media/"


def scene(index, height, width):
    """A ground that changes colour from corner to corner, and a square with hard edges that passes from left to right."""
    y, x = numpy.mgrid[:height, :width]
    rgb = numpy.stack([255 * x // width, 255 * y // height, 12 * index + 0 * x], axis=-1)
    left = 5 * index
    rgb[20:40, left:left + 20] = (230, 220 - 8 * index, 50)
    return rgb.astype(numpy.uint8)


def write(name, codec, rate, frames, height, width, **options):
    with av.open(MEDIA + name, "w", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream(codec, rate=rate, height=height, width=width, pix_fmt="yuv420p", options=options)
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for i in range(frames):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(scene(i, height, width))))
        file.mux(stream.encode())


def turn(name):
    """The 3x3 matrix of the track header from the identity to a clockwise quarter turn: FFmpeg's Python binding cannot write one."""
    with open(MEDIA + name, "r+b") as file:
        file.seek(file.read().index(b"tkhd") + 4 + 40)
        for v in (0, 1, 0, -1, 0, 0):
            file.write((v << 16).to_bytes(4, "big", signed=True))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def case(clip, wanted):
    reader = decord.VideoReader(MEDIA + clip)
    indices = numpy.linspace(0, len(reader) - 1, wanted, dtype=int).tolist()
    pictures = reader.get_batch(indices).asnumpy()
    frames = [{"index": i, "rgb_sha256": sha256(p.tobytes()), "mean": p.mean(),
               "bicubic384_sha256": sha256(Image.fromarray(p).resize((384, 384), Image.BICUBIC).tobytes())} for i, p in zip(indices, pictures)]
    with open(MEDIA + clip, "rb") as file:
        return {"clip": clip, "frames_total": len(reader), "avg_fps": reader.get_avg_fps(), "wanted": wanted, "indices": indices,
                "height": pictures.shape[1], "width": pictures.shape[2], "file_sha256": sha256(file.read()), "frames": frames}


write("turned.mov", "libx264", Fraction(30000, 1001), 20, 64, 112, crf="26", bf="2", g="8")
turn("turned.mov")
write("passing.mkv", "libvpx-vp9", 25, 12, 72, 90, crf="36", g="6")
table = {"made_by": f"decord {decord.__version__}, Pillow {Image.__version__}, numpy {numpy.__version__}",
         "cases": [case(clip, wanted) for clip in ("drift.mp4", "turned.mov", "passing.mkv") for wanted in (16, 7)]}
with open("frames.json", "w") as file:
    json.dump(table, file, indent=1)
