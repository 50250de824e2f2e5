# SPDX-License-Identifier: MIT
"""after.py - when all runs have ended: one more of each tool, then nothing may be missing
or left over, and NumPy, zstd(1) and the tools' own verify must agree."""
import glob
import io
import os
import pathlib
import subprocess

import numpy as np

from world import FEATURES, N_OUTPUTS, SYMBOLS, Wrong, npy_body


def once_more(world):
    """Bring everything to an end that is known: all rows everywhere."""
    n = world.n_rows
    for s in SYMBOLS:
        everything = world.rows(s, 0, n)
        for timeframe in ("1m", "5m"):
            world.tool("umm-convert", "--append", "--lock", "-o", f"root/{s}/{timeframe}.npy", stdin=everything)
            # A fresh run's temporary is the next fresh run's to remove.
            world.tool("umm-convert", "--if-changed", "--lock", "-o", f"root/{s}/{timeframe}.npy", stdin=everything)
        world.tool("umm-features", "-f", FEATURES, "--append", f"--state=states/{s}", "-o", f"feat/{s}.npy", f"root/{s}/1m.npy")
        world.tool("umm-features", "-f", FEATURES, "--follow", f"--state=states/{s}.follow", stdin=everything)
        world.tool("umm-archive", "append", f"arch/{s}.npy.zst", f"root/{s}/1m.npy")
        world.tool("umm-archive", "compact", f"arch/{s}.npy.zst")
    world.tool("umm-features", "-f", FEATURES, "--append", "--root=root", f"--symbols={','.join(SYMBOLS)}", "--timeframes=1m",
               "--out-root=featroot")
    for i in range(N_OUTPUTS):
        world.tool("umm-mmap-slice", "root/AAA/1m.npy", ":10", "-o", f"out/slice{i}.npy")
        world.tool("umm-features", "-f", FEATURES, "-o", f"out/features{i}.npy", "root/AAA/1m.npy")
        world.tool("umm-synth", "--symbol=AAA", "--rows=300", "-o", f"out/synth{i}.csv")
        for ending in ("csv", "npy"):
            world.tool("umm-store", "export", "store", f"out/store{i}.{ending}")
    for directory in glob.glob("m5/*"):
        world.tool("umm-m5", "run", "--signals=300", f"--dir={directory}")
    world.tool("umm-pool", "list", "p")
    world.tool("umm-store", "put", "store", stdin=b"")


def arrays(world):
    n = 0
    for s in SYMBOLS:
        for path in (f"root/{s}/1m.npy", f"root/{s}/5m.npy"):
            if npy_body(pathlib.Path(path).read_bytes())[1] != world.want[s]:
                raise Wrong(f"{path}: not all rows")
            n += 1
        for path in (f"feat/{s}.npy", f"featroot/{s}/1m.npy"):
            if pathlib.Path(path).read_bytes() != pathlib.Path(f"want/{s}.features.npy").read_bytes():
                raise Wrong(f"{path}: not the bits of a full run")
            n += 1
    return n


def signals():
    """Of every signal that an archive counts, there is one."""
    paths = glob.glob("m5/*/signals.npy.zst")
    for path in paths:
        rows = np.load(io.BytesIO(subprocess.run(["zstd", "-qdc", path], check=True, stdout=subprocess.PIPE).stdout))
        if len(rows) < 300 or (rows["symbol"] == b"").any():
            raise Wrong(f"{path}: signals are lost")
    return len(paths)


def opened():
    """Every array opens in NumPy."""
    paths = [p for p in glob.glob("**/*.npy", recursive=True) if not p.startswith("want/")]
    for path in paths:
        np.load(path, mmap_mode="r")
    return len(paths)


def archives(world):
    for s in SYMBOLS:
        path = f"arch/{s}.npy.zst"
        world.tool("umm-archive", "verify", path)
        subprocess.run(["zstd", "-tq", path], check=True)
        plain = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
        if npy_body(plain)[1] != world.want[s]:
            raise Wrong(f"{path}: not all rows")
    return len(SYMBOLS)


def verdicts(world):
    for s in SYMBOLS:
        world.tool("umm-features", "-f", FEATURES, "--verify", f"--state=states/{s}", "-o", f"feat/{s}.npy", f"root/{s}/1m.npy")
    world.tool("umm-pool", "verify", "p")
    for store in world.stores:
        ids = [line.split(b",")[0].decode() for line in world.tool("umm-store", "list", store).splitlines()[1:]]
        vectors = world.tool("umm-store", "get", store, *ids) if ids else b""
        world.check_vectors(vectors)
        world.tool("umm-store", "verify", store)
        if len(vectors.splitlines()) != len(ids):
            raise Wrong(f"{store} lists ids that it does not have")
    return len(SYMBOLS) + 1 + len(world.stores)


def left_over():
    found = []
    for directory, _, names in os.walk("."):
        found += [f"{directory}/{name} is left over" for name in names
                  if name.endswith((".lock", ".journal")) or
                  name.startswith(".") and ".umm-" in name and name not in (".umm-pool", ".umm-ledger")]
    return found


def look(world):
    """(files looked at, findings)"""
    n, findings = 0, []
    for step in (lambda: once_more(world), lambda: arrays(world), opened, lambda: archives(world), signals, lambda: verdicts(world),
                 world.service.look):
        try:
            n += step() or 0
        except (Wrong, AssertionError, OSError, ValueError, subprocess.SubprocessError) as problem:
            findings.append(f"{type(problem).__name__}: {problem}")
    return n, findings + left_over()
