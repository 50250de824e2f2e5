# SPDX-License-Identifier: MIT
"""table.py - the commands that `run` tries, the parts that files play in them, and the
files as they should be."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

import numpy as np

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ref"))
import predict_models

# COMMAND: words, of which {part} is a file that plays that part. Parts of inputs are text,
# npy, zst (an archive), lines, records, snapshot; those of outputs begin with "to".
COMMANDS = {
    "convert": "umm-convert -o out.npy {text}",
    "convert -o": "umm-convert -o {to_npy} in.csv",
    "convert --append": "umm-convert --append -o {grown} in.csv",
    "convert --out-root": "umm-convert --out-root=root {text:A_1m.csv}",
    "convert quarantine": "umm-convert --bad-rows=quarantine:{to_text} -o out.npy bad.csv",
    "convert --report": "umm-convert --report={to_json} -o out.npy in.csv",
    "convert --metrics": "umm-convert --metrics={to_prom} -o out.npy in.csv",
    "convert --files0-from": "umm-convert -o out.npy --files0-from={list}",
    "slice": "umm-mmap-slice {npy} -5: --format=csv",
    "slice --describe": "umm-mmap-slice {npy} -5: --describe",
    "slice archive": "umm-mmap-slice {zst} -5:",
    "slice --root": "umm-mmap-slice --root=root --symbols=A --timeframes=1m --format=csv",
    "slice --ranges-from": "umm-mmap-slice in.npy --ranges-from={ranges}",
    "slice -o": "umm-mmap-slice in.npy -5: -o {to_npy}",
    "slice -o csv": "umm-mmap-slice in.npy -5: -o {to_csv}",
    "slice --report": "umm-mmap-slice in.npy -5: -o out.npy --report={to_json}",
    "slice --metrics": "umm-mmap-slice in.npy -5: -o out.npy --metrics={to_prom}",
    "preload": "umm-preload {npy}",
    "preload --json": "umm-preload --json {npy}",
    "preload --files0-from": "umm-preload --files0-from={list}",
    "preload --metrics": "umm-preload --metrics={to_prom} in.npy",
    "pool put": "umm-pool put p B {npy}",
    "pool --metrics": "umm-pool stat p --metrics={to_prom}",
    "features": "umm-features -f ema:3 -o f.npy {npy}",
    "features text": "umm-features -f ema:3 {text}",
    "features archive": "umm-features -f ema:3 {zst}",
    "features -o": "umm-features -f ema:3 -o {to_npy} in.npy",
    "features --metrics": "umm-features -f ema:3 -o f.npy --metrics={to_prom} in.npy",
    "features --report": "umm-features -f ema:3 -o f.npy --report={to_json} in.npy",
    "features --state": "umm-features -f ema:3 --append --state={state} -o grown.npy in.npy",
    "features --verify": "umm-features -f ema:3 --verify --state={state} -o grown.npy in.npy",
    "predict": "umm-predict --columns=1,2,3 -o y.npy {model} in.npy",
    "predict --describe": "umm-predict --describe {tflite}",
    "predict rows": "umm-predict --columns=1,2,3 --plain m.tflite {npy}",
    "predict -o": "umm-predict --columns=1,2,3 -o {to_npy} m.onnx in.npy",
    "predict --state": "umm-predict --columns=1,2,3 --append --state={answered} -o answers.npy m.onnx in.npy",
    "predict --serve": "umm-predict --serve --metrics={to_prom} m.onnx",
    "predict --serve model": "umm-predict --serve {model}",
    "watch": "umm-watch --clock=input {events}",
    "watch --state": "umm-watch --clock=input --state={watched} events.csv",
    "watch --report": "umm-watch --clock=input --report={to_json} events.csv",
    "watch --metrics": "umm-watch --clock=input --metrics={to_prom} events.csv",
    "batch --journal": "umm-batch --journal={items_done} lines -- true",
    "batch --report": "umm-batch --report={to_json} lines -- true",
    "batch --metrics": "umm-batch --metrics={to_prom} lines -- true",
    "db push": "umm-db push sqlite:new.db bars {npy}",
    "db push text": "umm-db push sqlite:new.db bars {text}",
    "db push to": "umm-db push sqlite:{db} bars in.npy",
    "db pull": "umm-db pull -o out.npy sqlite:{db} bars",
    "db pull -o": "umm-db pull -o {to_npy} sqlite:in.db bars",
    "db --metrics": "umm-db push --metrics={to_prom} sqlite:in.db bars in.npy",
    "quantize": "umm-quantize --data=even.npy -o q.tflite {model}",
    "quantize --data": "umm-quantize --data={even} -o q.onnx m.onnx",
    "quantize -o": "umm-quantize --data=even.npy -o {to_onnx} m.onnx",
    "archive append": "umm-archive append new.npy.zst {npy}",
    "archive append text": "umm-archive append new.npy.zst {text}",
    "archive append archive": "umm-archive append new.npy.zst {zst}",
    "archive append to": "umm-archive append {archive} in.npy",
    "archive list": "umm-archive list {zst}",
    "archive verify": "umm-archive verify {zst}",
    "archive stat": "umm-archive stat --json {zst}",
    "archive extract": "umm-archive extract {zst} 0:5 -o out.npy",
    "archive extract -o": "umm-archive extract a.npy.zst -o {to_npy}",
    "archive repair": "umm-archive repair {archive}",
    "archive flush": "umm-archive flush {archive}",
    "archive compact": "umm-archive compact {archive}",
    "archive --metrics": "umm-archive stat --metrics={to_prom} a.npy.zst",
    "store put": "umm-store put s {lines}",
    "store put --binary": "umm-store put --binary s {records}",
    "store import": "umm-store import s {exported}",
    "store import array": "umm-store import s {exported_npy}",
    "store export": "umm-store export s {to_csv}",
    "store export array": "umm-store export s {to_npy}",
    "store --metrics": "umm-store stat s --metrics={to_prom}",
    "memstat --file": "umm-memstat --file={npy}",
    "memstat --metrics": "umm-memstat --metrics={to_prom}",
    "memstat snapshot": f"umm-memstat snapshot {{to_snapshot}} --pid={os.getpid()}",
    "memstat compare": "umm-memstat compare {snapshot} snapshot",
    "memstat --report": "umm-memstat --run --quiet --report={to_json} true",
    "memstat --plot": "umm-memstat --run --quiet --plot={to_svg} true",
    "m5 --figures": "umm-m5 run --signals=100 --dir=m5 --figures={to_figures}",
    "synth": "umm-synth --rows=100 -o {to_csv}",
    "pool get": "umm-pool get p A --format=npy", "pool put A": "umm-pool put p A in.npy",
    "slice pool": "umm-mmap-slice in.npy -5: -o pool:p/A", "convert pool": "umm-convert -o pool:p/A in.csv",
}
# The files that play the parts, as prepare() makes them.
FILES = {
    "text": "in.csv", "npy": "in.npy", "zst": "a.npy.zst", "list": "list", "ranges": "ranges", "lines": "lines",
    "records": "records", "snapshot": "snapshot", "state": "state", "grown": "bars.npy", "archive": "a.npy.zst",
    "exported": "exported.csv", "exported_npy": "exported.npy", "db": "in.db",
    "model": "m.onnx", "tflite": "m.tflite", "answered": "answered", "events": "events.csv",
    "watched": "watched", "items_done": "items_done", "even": "even.npy", "to_onnx": "to.onnx",
    "to_npy": "to.npy", "to_csv": "to.csv", "to_text": "to.bad", "to_json": "to.json", "to_prom": "to.prom", "to_svg": "to.svg",
    "to_snapshot": "to.snapshot", "to_figures": "to.figures",
}
PART = re.compile(r"\{([a-z_]+)(?::([^}]*))?\}")
# Files that tools have for themselves: command, the file, and whether others may have it.
POOL = f"umm.{os.getuid()}.p"
OWN = [
    ("convert -o", ".to.npy.umm-{}", True), ("slice -o", ".to.npy.umm-{}", True), ("features -o", ".to.npy.umm-{}", True),
    ("predict -o", ".to.npy.umm-{}", True), ("quantize -o", ".to.onnx.umm-{}", True),
    ("db pull -o", ".to.npy.umm-{}", True),
    ("archive extract -o", ".to.npy.umm-{}", True), ("store export", ".to.csv.umm-{}", True), ("synth", ".to.csv.umm-{}", True),
    ("slice --metrics", ".to.prom.umm-{}", True), ("memstat --plot", ".to.svg.umm-{}", True),
    ("memstat snapshot", ".to.snapshot.umm-{}", True), ("m5 --figures", ".to.figures.umm-{}", True),
    ("pool --metrics", ".to.prom.umm-{}", True), ("features --state", ".state.umm-{}", True),
    ("archive compact", ".a.npy.zst.umm-{}", True),
    ("convert --append", ".bars.npy.lock", False), ("features --state", ".state.lock", False),
    ("batch --journal", ".items_done.lock", False), ("batch --report", ".to.json.umm-{}", True),
    ("watch --state", ".watched.umm-{}", True), ("watch --state", ".watched.lock", False),
    ("predict --state", ".answered.lock", False), ("predict --state", ".answers.npy.lock", False),
    ("features --state", ".grown.npy.lock", False), ("archive append to", ".a.npy.zst.lock", False),
    ("archive append to", "a.npy.zst.journal", False), ("archive flush", "a.npy.zst.journal", False),
    ("archive list", "a.npy.zst.journal", False), ("archive verify", "a.npy.zst.journal", False),
    ("slice archive", "a.npy.zst.journal", False),
    ("store put", "s/vectors.npy", False), ("store put", "s/slots.npy", False), ("store put", "s/.slots.npy.lock", False),
    ("store export", "s/vectors.npy", False), ("store export", "s/slots.npy", False), ("store export", "s/index.umm", False),
    ("pool put", f"{POOL}/.umm-pool", False), ("pool get", f"{POOL}/A.npy", False), ("pool get", f"{POOL}/.umm-pool", False),
    ("pool put A", f"{POOL}/A.npy", False), ("slice pool", f"{POOL}/A.npy", False), ("convert pool", f"{POOL}/A.npy", False),
]


def tool(*words, stdin=b""):
    return subprocess.run(words, input=stdin, check=True, capture_output=True).stdout


def prepare():
    """All files that the commands name."""
    text = b"timestamp,open,high,low,close,volume\n" + b"".join(
        b"%d,%d,%d,%d,%d,1\n" % (1600000000000 + i * 60000, i + 2, i + 3, i + 1, i + 2) for i in range(100))
    for name in ("in.csv", "A_1m.csv"):
        pathlib.Path(name).write_bytes(text)
    pathlib.Path("bad.csv").write_bytes(text + b"1700000000000,x,1,1,1,1\n")
    pathlib.Path("list").write_bytes(b"in.csv\0")
    pathlib.Path("ranges").write_text("1:2\n3:4\n", encoding="ascii")
    pathlib.Path("lines").write_text("a,1,2\nb,3,4\n", encoding="ascii")
    pathlib.Path("records").write_bytes(b"c".ljust(31, b"\0") + struct.pack("<2f", 5, 6))
    pathlib.Path("events.csv").write_text("event,time,id,symbol,side,entry\nopen,1,p,A,1,2\n", encoding="ascii")
    os.makedirs("root/A")
    os.mkdir("m5")
    tool("umm-convert", "-o", "in.npy", "in.csv")
    shutil.copy("in.npy", "bars.npy")
    shutil.copy("in.npy", "root/A/1m.npy")
    tool("umm-archive", "append", "--keep-journal", "a.npy.zst", "in.npy")
    tool("umm-db", "push", "sqlite:in.db", "bars", "in.npy")
    tool("umm-store", "create", "s", "--dim=2", "--max-positions=10")
    tool("umm-store", "put", "s", stdin=b"x,1,2\ny,3,4\n")
    tool("umm-store", "export", "s", "exported.csv")
    tool("umm-store", "export", "s", "exported.npy")
    tool("umm-pool", "create", "p", "--size=1M")
    tool("umm-pool", "put", "p", "A", "in.npy")
    tool("umm-features", "-f", "ema:3", "--append", "--state=state", "-o", "grown.npy", "in.npy")
    predict_models.kinds["vector"]().write("m.onnx")
    np.save("even.npy", np.random.default_rng(1).uniform(-9, 9, (2000, 3)))
    tool("umm-quantize", "--data=even.npy", "-o", "m.tflite", "m.onnx")
    tool(*words_of(COMMANDS["predict --state"]))
    tool(*words_of(COMMANDS["watch --state"]))
    tool(*words_of(COMMANDS["batch --journal"]))
    tool("umm-memstat", "snapshot", "snapshot", f"--pid={os.getpid()}")


def words_of(command):
    return PART.sub(lambda match: match[2] or FILES[match[1]], command).split(" ")


def each_command(*parts):
    for name, command in COMMANDS.items():
        for match in PART.finditer(command):
            if match[1] in parts:
                yield name, command, match[1], match[2] or FILES[match[1]]
