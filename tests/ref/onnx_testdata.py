# SPDX-License-Identifier: MIT
"""The cases of Debian's libonnx-testdata, by umm.

    onnx_testdata.py DIRECTORY OURS

OURS is a command that gets MODEL ROWS RESULTS BATCH. Each case has a model, inputs and outputs.
Most are no models of rows, and are refused by name. Prints a finding for each that gives other
numbers, or fails otherwise, and at last how many passed and how many were refused.
"""
import glob
import os
import shlex
import subprocess
import sys

import numpy as np

DATA = "/usr/share/libonnx-testdata/data"
DIRECTORY, OURS = sys.argv[1], shlex.split(sys.argv[2])
ROWS, RESULTS = (os.path.join(DIRECTORY, name) for name in ("rows", "results"))
TYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8"}


def fields(message):
    """Number and content of each field: an integer, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, message[at:at + length]
        at += length


def tensor(path):
    """A TensorProto whose numbers are raw data; None for others."""
    dims, raw, elem_type = [], None, 0
    with open(path, "rb") as file:
        for number, content in fields(file.read()):
            if number == 1:
                dims.append(content)
            elif number == 2:
                elem_type = content
            elif number == 9:
                raw = content
    if raw is None or elem_type not in TYPES or not dims:
        return None
    return np.frombuffer(raw, TYPES[elem_type]).reshape(dims)


def tensors(case, what):
    paths = glob.glob(f"{glob.escape(case)}/test_data_set_0/{what}_*.pb")
    return [tensor(path) for path in sorted(paths)]


def run(case):
    """"passed", "refused", or what is wrong."""
    inputs, outputs = tensors(case, "input"), tensors(case, "output")
    inputs = [one for one in inputs if one is not None]
    if inputs and all(one.size and len(one) == len(inputs[0]) for one in inputs):
        rows = [one.reshape(len(one), -1).astype("f4") for one in inputs]
        np.concatenate(rows, axis=1).tofile(ROWS)
    else:
        open(ROWS, "wb").close()
    done = subprocess.run([*OURS, case + "/model.onnx", ROWS, RESULTS, "8"], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        is_refusal = done.returncode == 1 and case + "/model.onnx: " in done.stderr
        return "refused" if is_refusal else f"exit {done.returncode}, {done.stderr.strip()}"
    if not outputs or outputs[0] is None:
        return "no output to compare with"
    want, got = outputs[0].astype("f4").ravel(), np.fromfile(RESULTS, "f4")
    if want.shape != got.shape:
        return f"{got.size} numbers, not {want.size}"
    if np.allclose(want, got, rtol=1e-5, atol=1e-6, equal_nan=True):
        return "passed"
    return f"{got[:4]}, not {want[:4]}"


def main():
    counts = {"passed": 0, "refused": 0}
    for model in sorted(glob.glob(f"{DATA}/*/*/model.onnx")):
        case = os.path.dirname(model)
        result = run(case)
        if result in counts:
            counts[result] += 1
        else:
            print(f"{case[len(DATA) + 1:]}: {result}")
    print(f"{counts['passed']} passed, {counts['refused']} refused by name")


with np.errstate(over="ignore"):  # a double that is no float
    main()
