"""Sends pictures, sound, documents, a prompt of 30 MB and a dataset of pictures, and reads all of it back. argv: project. Prints one JSON object."""

import hashlib
import io
import json
import os
import random
import sys
import tempfile
import wave

import weave
from PIL import Image
from weave import Content

project = sys.argv[1]
client = weave.init(project)
noise = random.Random(7)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def picture(width: int, height: int) -> Image.Image:
    """Noise: a PNG of it is as large as its pixels."""
    return Image.frombytes("RGB", (width, height), noise.randbytes(width * height * 3))


def sound(seconds: float) -> wave.Wave_read:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(noise.randbytes(int(seconds * 16000) * 2))
    buffer.seek(0)
    return wave.open(buffer)


def frames(audio: wave.Wave_read) -> bytes:
    audio.rewind()
    return audio.readframes(audio.getnframes())


small, large = picture(40, 30), picture(700, 500)
audio = sound(20)
document = b"%PDF-1.4\n" + noise.randbytes(600_000)
path = os.path.join(tempfile.mkdtemp(), "lärm.pdf")
with open(path, "wb") as out:
    out.write(document)


@weave.op
def develop(negative: Image.Image, kind: str) -> Image.Image:
    return negative.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


@weave.op
def record(audio: wave.Wave_read) -> wave.Wave_read:
    return audio


@weave.op
def file_away(paper: Content) -> Content:
    return paper


@weave.op
def complete(prompt: str) -> dict:
    return {"characters": len(prompt)}


_, developed = develop.call(large, kind="noise")
develop(small, kind="small")
_, recorded = record.call(audio)
_, filed = file_away.call(Content.from_path(path, mimetype="application/pdf", metadata={"shelf": 4}))
typed = Content.from_bytes(b"%PDF-1.4\n" + noise.randbytes(300_000), mimetype="application/pdf")
text = Content.from_text("grüße " * 50_000, mimetype="text/plain")
_, filed_again = file_away.call(typed)
# Clients send requests of up to 31 MiB (REMOTE_REQUEST_BYTES_LIMIT in weave's http_utils.py): no output of that size beside it.
prompt = "Summarize: " + noise.randbytes(15_000_000).hex()[:29_999_989]
_, completed = complete.call(prompt)
_, shorter = complete.call(prompt[:700_000])
rows = [{"id": i, "image": picture(80 + i, 60)} for i in range(6)]
dataset_ref = weave.publish(weave.Dataset(name="album", rows=rows))
album_ref = weave.publish({"cover": large, "note": text}, name="cover")
op_ref = develop.ref
client.flush()


def fresh(call):
    return client.get_call(call.id)


read_rows = list(weave.ref(dataset_ref.uri()).get().rows)
album = weave.ref(album_ref.uri()).get()
paper = fresh(filed).output
checks = {
    "image input": (large.tobytes(), fresh(developed).inputs["negative"].tobytes()),
    "image output": (
        large.transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes(),
        fresh(developed).output.tobytes(),
    ),
    "audio input": (frames(audio), frames(fresh(recorded).inputs["audio"])),
    "audio output": (frames(audio), frames(fresh(recorded).output)),
    "content of a file": (document, paper.data),
    "content of bytes": (typed.data, fresh(filed_again).output.data),
    # get_call joins a line of pieces of 64 bytes (jsonl.py in weave_server_sdk): 5 s for 2 MB, 225 times that for 30.
    "prompt": (
        prompt.encode(),
        client.server.call_read(
            {"project_id": client.project_id, "id": completed.id}
        ).call.inputs["prompt"].encode(),
    ),
    "shorter prompt": (prompt[:700_000].encode(), fresh(shorter).inputs["prompt"].encode()),
    "published image": (large.tobytes(), album["cover"].tobytes()),
    "published text": (text.data, album["note"].data),
    **{
        f"row {row['id']}": (row["image"].tobytes(), read["image"].tobytes())
        for row, read in zip(rows, read_rows, strict=True)
    },
}
source = weave.ref(op_ref.uri()).get()
print(
    json.dumps(
        {
            "sent": {name: sha(sent) for name, (sent, _) in checks.items()},
            "read": {name: sha(read) for name, (_, read) in checks.items()},
            "paper": {"filename": paper.filename, "metadata": paper.metadata, "size": paper.size},
            "op": sha(source(small, kind="again").tobytes()),
            "op_sent": sha(small.transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes()),
        }
    )
)
