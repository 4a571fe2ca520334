"""Sends pictures in every way that ends as a file, and opens what is read back. argv: project. Prints one JSON object."""

import base64
import hashlib
import json
import random
import sys

import weave
from weave import Content

project = sys.argv[1]
client = weave.init(project)
noise = random.Random(11)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def png(size: int) -> bytes:
    """Only its head is looked at."""
    return b"\x89PNG\r\n\x1a\n" + noise.randbytes(size)


photo, drawing, scan, typed = png(9_000), png(400_000), png(20_000), png(30_000)
sound = b"RIFF\0\0\0\0WAVEfmt " + noise.randbytes(50_000)


def uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


@weave.op
def describe(message: dict, paper: Content) -> dict:
    return {"drawn": uri(drawing), "said": [{"audio": uri(sound, "audio/wav")}], "n": 1}


@weave.op
def again(message: dict) -> str:
    return "ok"


message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": uri(photo)}}]}
bare = {"note": "bare", "scan": base64.b64encode(scan).decode()}
_, first = describe.call(message, Content.from_bytes(typed, mimetype="image/png"))
_, second = again.call(message)
_, third = again.call(bare)
client.flush()

read = client.get_call(first.id)
repeated = client.get_call(second.id)
plain = client.get_call(third.id)
listed = [call.id for call in client.get_calls()]


def opened(content) -> str:
    return sha(content.data)


image = read.inputs["message"]["content"][0]["image_url"]["url"]
print(
    json.dumps(
        {
            "sent": {
                "data URI in a dict": sha(photo),
                "the same again": sha(photo),
                "bare base64": sha(scan),
                "output": sha(drawing),
                "audio": sha(sound),
                "Content": sha(typed),
            },
            "read": {
                "data URI in a dict": opened(image),
                "the same again": opened(
                    repeated.inputs["message"]["content"][0]["image_url"]["url"]
                ),
                "bare base64": opened(plain.inputs["message"]["scan"]),
                "output": opened(read.output["drawn"]),
                "audio": opened(read.output["said"][0]["audio"]),
                "Content": opened(read.inputs["paper"]),
            },
            "mimetypes": [image.mimetype, read.output["said"][0]["audio"].mimetype],
            "rest": [read.output["n"], plain.inputs["message"]["note"]],
            "calls": len(listed),
        }
    )
)
