"""Files, images, audio, video and other content inside calls and objects; and the plain file routes."""

import base64
import hashlib
import io
import os
import pathlib
import tempfile
import wave

import weave
from conformance.harness import NEWEST, check, eq, has, send, true


def uri(ref) -> str:
    return ref.uri if isinstance(ref.uri, str) else ref.uri()


def digest_of(data: bytes) -> str:
    return (
        base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().replace("-", "X").replace("_", "Y").rstrip("=")
    )


def upload(t, data: bytes, name: str = "f.bin", path: str = "/files/create", **fields):
    boundary = "conformance-boundary"
    parts = b""
    for key, value in {"project_id": t.project, **fields}.items():
        parts += f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
    parts += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
        + data
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return send("POST", path, parts, {"content-type": f"multipart/form-data; boundary={boundary}"})


@check(sdk=False)
def files(t):
    for path in ("/files/create", "/file/create"):
        eq(upload(t, b"hello", path=path).json()["digest"], "LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ")
    eq(t.raw("/files/content", {"digest": digest_of(b"hello")}).text, "hello")
    eq(t.raw("/file/content", {"digest": digest_of(b"hello")}).text, "hello")
    eq(upload(t, b"").json()["digest"], digest_of(b""))
    eq(t.raw("/files/content", {"digest": digest_of(b"")}).text, "")
    t.refused(404, "/files/content", {"digest": "no-such-digest"})
    eq(upload(t, b"hello", expected_digest="wrong").status, 409)
    eq(upload(t, b"hello", expected_digest=digest_of(b"hello")).status, 200)


@check(sdk=False)
def large_files(t):
    data = os.urandom(3_000_000)
    digest = upload(t, data).json()["digest"]
    eq(digest, digest_of(data))
    got = t.raw("/files/content", {"digest": digest}).text.encode("utf-8", "surrogateescape")
    true(got == data, "the bytes differ")


@check(sdk=False)
def sizes_of_files(t):
    eq(t.post("/files/stats")["total_size_bytes"], 0)
    upload(t, b"x" * 1000)
    upload(t, b"y" * 500)
    eq(t.post("/files/stats")["total_size_bytes"], 1500)


def picture(color):
    from PIL import Image

    return Image.new("RGB", (16, 8), color)


@check
def images(t):
    @weave.op
    def recolor(image, color):
        return picture(color)

    recolor(picture("red"), "blue")
    t.flush()
    (call,) = t.calls()
    has(call["inputs"]["image"], {"_type": "CustomWeaveType", "weave_type": {"type": "PIL.Image.Image"}})
    (read,) = t.client.get_calls()
    eq(read.inputs["image"].getpixel((0, 0))[:3], (255, 0, 0))
    eq(read.output.getpixel((15, 7))[:3], (0, 0, 255))
    ref = weave.publish(picture("green"), name="img")
    got = weave.ref(uri(ref)).get()
    eq((got.size, got.getpixel((3, 3))[:3]), ((16, 8), (0, 128, 0)))


@check
def images_in_objects_and_datasets(t):
    ref = weave.publish(weave.Dataset(name="pics", rows=[{"img": picture(c), "name": c} for c in ("red", "blue")]))
    rows = list(weave.ref(uri(ref)).get().rows)
    eq([row["name"] for row in rows], ["red", "blue"])
    eq([row["img"].getpixel((0, 0))[:3] for row in rows], [(255, 0, 0), (0, 0, 255)])
    ref = weave.publish({"deep": [picture("red")]}, name="dict")
    eq(weave.ref(uri(ref)).get()["deep"][0].size, (16, 8))


def sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\x01\x02" * 800)
    return buffer.getvalue()


@check
def audio(t):
    data = sound()
    clip = weave.Audio.from_data(data, "wav")

    @weave.op
    def plays(clip):
        return clip

    plays(clip)
    t.flush()
    (call,) = t.calls()
    has(call["output"], {"_type": "CustomWeaveType", "files": lambda f: len(f) >= 1})
    (read,) = t.client.get_calls()
    eq((read.output.format, read.output.data), ("wav", data))

    @weave.op
    def reads():
        return wave.open(io.BytesIO(data), "rb")

    reads()
    t.flush()
    got = t.client.get_calls()[1].output
    frames = got.readframes(10) if hasattr(got, "readframes") else got.data
    true(len(frames) > 0, "no frames")


@check
def content_of_every_source(t):
    from weave import Content

    path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    path.write_text("from a file")
    made = {
        "bytes": Content.from_bytes(b"\x00\x01\x02", mimetype="application/octet-stream"),
        "text": Content.from_text("some text"),
        "path": Content.from_path(str(path)),
        "base64": Content.from_base64(base64.b64encode(b"raw").decode(), mimetype="text/plain"),
    }
    if NEWEST:
        made["data_url"] = Content.from_data_url("data:text/plain;base64,aGVsbG8=")

    @weave.op
    def keeps(which, content):
        return content

    for which, content in made.items():
        keeps(which, content)
    t.flush()
    got = {call.inputs["which"]: call.output.data for call in t.client.get_calls()}
    expected = {
        "bytes": b"\x00\x01\x02",
        "text": b"some text",
        "path": b"from a file",
        "base64": b"raw",
        "data_url": b"hello",
    }
    eq(got, {which: expected[which] for which in made})
    ref = weave.publish(made["text"], name="content")
    eq(weave.ref(uri(ref)).get().data, b"some text")


@check
def markdown(t):
    texts = ["# Title", "# Long\n" + "text " * 1000]

    @weave.op
    def gives(i):
        return weave.Markdown(texts[i])

    gives(0)
    gives(1)
    t.flush()
    eq([call.output.markup for call in t.client.get_calls()], texts)


@check
def datetimes(t):
    import datetime

    moment = datetime.datetime(2025, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)

    @weave.op
    def when():
        return {"at": moment}

    when()
    t.flush()
    (call,) = t.client.get_calls()
    eq(call.output["at"], moment)
