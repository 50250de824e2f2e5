# SPDX-License-Identifier: MIT
"""The models that tflite_make wrote, by umm and by a peer.

    tflite_peers.py KIND N_ROWS DIRECTORY OURS PEER

KIND is x86-64 or arm64 (PEER is tflite_run there) or litert (PEER is litert_run.mjs). OURS and
PEER are commands that get MODEL ROWS RESULTS and more; DIRECTORY has the models. Prints a finding
for each model whose numbers are not the same, and at last how many numbers were compared.
"""
import glob
import os
import re
import shlex
import subprocess
import sys

import numpy as np

KIND, N_ROWS, DIRECTORY = sys.argv[1], int(sys.argv[2]), sys.argv[3]
OURS, PEER = map(shlex.split, sys.argv[4:6])
ROWS, MINE, THEIRS = (os.path.join(DIRECTORY, name) for name in ("rows", "ours", "theirs"))
SPECIAL_WIDTHS = {"operators-float": 10, "operators-int8": 6, "operators-channel": 6}

# How alike numbers must be: None is the same bits, else the root mean square of the differences
# in parts of that of the numbers. Where it is not the bits: other orders of sums in floats,
# TensorFlow Lite's own int8 kernels round twice, and XNNPACK of 2.9 for arm64 rounds numbers close
# to a half in another way (its integers, it seems; two rows of 3,000 had other answers). Rows of floats
# are quantised by vector code of its own on arm64, and in another way altogether by LiteRT.
TOLERANCES = [
    # kind, kernel, models, limit
    ("x86-64|arm64", "xnnpack", "float-", None),
    ("", "", "operators-float", 1e-2),
    ("", "", "float-", 1e-5),
    ("x86-64", "", "dynamic-|asymmetric-", None),
    ("", "", "dynamic-|asymmetric-", 0.02),
    ("arm64", "", "int8-|operators-int8", 0.05),
    ("", "builtin", "int8-|operators-int8", 0.05),
    ("", "", "", None),
]
# Not for LiteRT: inputs of int8, two inputs, and more than it runs in a short time.
FOR_LITERT = "channel-.*-float|int8-7-19-float|operators-(int8|channel)|(float|dynamic|asymmetric)-7-"


def limit_of(name, kernel):
    for kind, of_kernel, models, limit in TOLERANCES:
        if re.match(kind, KIND) and of_kernel in ("", kernel) and re.match(models, name):
            return limit
    raise KeyError(name)


def write_rows(name):
    if name.startswith("pointwise-"):  # each number of int8 as tflite_make means it
        rows = (np.arange(-128, 128) - 5).astype("<f4") * np.float32(0.03)
    else:
        width = SPECIAL_WIDTHS.get(name) or int(name.split("-")[1])
        rows = np.random.default_rng(1).standard_normal((N_ROWS, width)).astype("<f4")
    rows.tofile(ROWS)


def run(command):
    """What is wrong, or nothing."""
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("INFO")]
    return (lines or ["failed"])[0] if done.returncode else ""


def compare(limit):
    ours, theirs = np.fromfile(MINE, "<f4"), np.fromfile(THEIRS, "<f4")
    if len(ours) != len(theirs) or not len(ours):
        return 0, f"{len(ours)} numbers, where the peer has {len(theirs)}"
    different = np.count_nonzero(ours.view("<u4") != theirs.view("<u4"))
    rms = np.sqrt(np.mean(np.square(ours - theirs)) / max(np.mean(np.square(theirs)), 1e-30))
    if limit is None:
        return len(ours), f"{different} of {len(ours)} differ" if different else ""
    return len(ours), "" if rms <= limit else f"differences of {rms:g}, of {limit} at most"


def main():
    count = 0
    for path in sorted(glob.glob(os.path.join(DIRECTORY, "*.tflite"))):
        name = os.path.basename(path)[: -len(".tflite")]
        if KIND == "litert" and not re.match(FOR_LITERT, name):
            continue
        write_rows(name)
        finding = run(OURS + [path, ROWS, MINE, "0"])
        for kernel in ["xnnpack"] if KIND == "litert" else ["xnnpack", "builtin"]:
            more = [] if KIND == "litert" else [kernel, "64"]
            finding = finding or run(PEER + [path, ROWS, THEIRS] + more)
            if "channel" in name and KIND != "litert":
                # A scale for each output is more than 2.9 knows: it must say so.
                finding = "" if "the model cannot be used" in finding or "version '12'" in finding \
                    else "a reader that cannot know it takes it"
            elif not finding:
                n, finding = compare(limit_of(name, kernel))
                count += n
            if finding:
                print(f"{KIND}, {kernel}: {name}: {finding}")
            finding = ""
    print(count)


main()
