# Writes the tables beside it, in the layout of Video-MME's on the hub; the questions are made up.
#   pip install pyarrow && python make.py        (pyarrow 26.0.1)
import pyarrow
from pyarrow import parquet

OPTIONS = [["A. Red.", "B. Blue.", "C. Green.", "D. None."], ["A. Once.", "B. Twice.", "C. 1.5 times.", "D. Né jamais."]]
QUESTIONS = {
    "video_id": ["001", "001", "002"],
    "duration": ["short", "short", "long"],
    "domain": ["Knowledge", "Knowledge", None],
    "url": ["https://example.org/1", "https://example.org/1", "https://example.org/2"],
    "videoID": ["one", "one", "two"],
    "question_id": ["001-1", "001-2", "002-1"],
    "task_type": ["Attribute Perception", "Counting Problem", "Counting Problem"],
    "question": ["What colour is the shape?", "How often does it turn?", "How often does it stop?"],
    "options": [OPTIONS[0], OPTIONS[1], OPTIONS[1]],
    "answer": ["B", "C", "D"],
}


def write(name, compression="snappy", row_group_size=None, without=None, **columns):
    table = {k: v for k, v in {**QUESTIONS, **columns}.items() if k != without}
    parquet.write_table(pyarrow.table(table), name + ".parquet", compression=compression, row_group_size=row_group_size)


write("snappy", row_group_size=2)
write("uncompressed", compression="none")
write("gzip", compression="gzip")
write("zstd", compression="zstd")
write("without-answer", without="answer")
write("null-question", question=[*QUESTIONS["question"][:2], None])
write("options-text", options=["A. Red. B. Blue."] * 3)
write("answer-bytes", answer=[b"B", b"C", b"D"])
write("answer-times", answer=pyarrow.array([1, 2, 3], pyarrow.timestamp("us")))
write("answer-e", answer=["B", "E", "D"])
write("id-twice", question_id=["001-1", "001-2", "001-1"])
write("empty", **{k: pyarrow.array([], pyarrow.string()) for k in QUESTIONS})
numbers = {"video": ([4010069381], pyarrow.uint32()), "answer": ([1], pyarrow.int8()), "qid": ([300], pyarrow.int16())}
texts = {"question": "how often", "type": "CH", "a0": "once", "a1": "twice", "a2": "never", "a3": "always", "a4": "now"}
parquet.write_table(pyarrow.table({**{k: pyarrow.array(v, t) for k, (v, t) in numbers.items()}, **{k: [v] for k, v in texts.items()}}),
                    "small-numbers.parquet")
