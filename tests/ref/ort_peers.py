# SPDX-License-Identifier: MIT
"""Models of layers in int8 and in float, by umm and by ONNX Runtime.

    ort_peers.py N_ROWS DIRECTORY OURS PEER

OURS gets MODEL ROWS RESULTS BATCH; PEER is ort_run with its library. Prints a finding for each
model whose numbers are not the same: bits in int8, within 1e-5 in float. At last how many numbers
were compared.
"""
import os
import shlex
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import model_make  # noqa: E402

N_ROWS, DIRECTORY = int(sys.argv[1]), sys.argv[2]
OURS, PEER = map(shlex.split, sys.argv[3:5])
ROWS, RESULTS, MODEL = (os.path.join(DIRECTORY, name) for name in ("rows", "ours", "m.onnx"))


def scale_of(low, high):
    """Of int8, and the zero point."""
    scale = np.float32((max(high, 0) - min(low, 0)) / 255)
    return scale, np.int8(np.clip(np.rint(-128 - min(low, 0) / scale), -128, 127))


def quantized(layers, rows, is_per_channel, is_end_int8):
    """The layers in the form that ONNX Runtime fuses, ranges being those of the rows."""
    model = model_make.Model([("x", layers[0][0].shape[1])], [("y", layers[-1][0].shape[0])])
    value, here = "x", rows.astype("f8")

    def quantize(name, value, here):
        scale, zero = scale_of(here.min(), here.max())
        constants = [model.constant(name + "s", scale), model.constant(name + "z", zero)]
        quantized_name = model.node("QuantizeLinear", [value] + constants, [name + "q"])
        return scale, [quantized_name] + constants

    for i, (weights, biases) in enumerate(layers):
        x_scale, inputs = quantize(f"a{i}", value, here)
        value = model.node("DequantizeLinear", inputs, [f"a{i}d"])
        limit = np.abs(weights).max(axis=1) if is_per_channel else np.abs(weights).max()
        w_scale = np.asarray(limit / 127, "f4")
        b_scale = x_scale * w_scale
        q = np.rint(weights / w_scale.reshape(-1, 1)).astype("i1")
        axis = {"axis": 0} if is_per_channel else {}
        w = model.node("DequantizeLinear", [model.constant(f"w{i}q", q),
                                            model.constant(f"w{i}s", w_scale),
                                            model.constant(f"w{i}z", np.zeros_like(w_scale, "i1"))],
                       [f"w{i}"], **axis)
        b = model.node("DequantizeLinear",
                       [model.constant(f"b{i}q", np.rint(biases / b_scale).astype("i4")),
                        model.constant(f"b{i}s", b_scale)], [f"b{i}"], **axis)
        is_last = i + 1 == len(layers)
        value = model.node("Gemm", [value, w, b],
                           ["y" if is_last and not is_end_int8 else f"g{i}"], transB=1)
        here = here @ weights.astype("f8").T + biases
        if not is_last:
            value = model.node("Relu", [value], [f"r{i}"])
            here = np.maximum(here, 0)
    if is_end_int8:
        model.node("DequantizeLinear", quantize("y", value, here)[1], ["y"])
    return model


def compare(name, model, rows, tolerance):
    """How many numbers were compared."""
    model.write(MODEL)
    rows.astype("f4").tofile(ROWS)
    subprocess.run([*OURS, MODEL, ROWS, RESULTS, "64"], check=True)
    with open(ROWS, "rb") as file:
        done = subprocess.run([*PEER, MODEL, "y", str(len(rows)), "1000"], stdin=file,
                              stdout=subprocess.PIPE, check=True)
    theirs, ours = np.frombuffer(done.stdout, "f4"), np.fromfile(RESULTS, "f4")
    if theirs.shape != ours.shape:
        print(f"{name}: {ours.size} numbers, ONNX Runtime {theirs.size}")
    elif tolerance == 0 and (theirs != ours).any():
        print(f"{name}: {(theirs != ours).sum()} of {ours.size} numbers differ")
    elif not np.allclose(theirs, ours, rtol=tolerance, atol=tolerance):
        print(f"{name}: numbers differ by {np.abs(theirs - ours).max()}")
    return ours.size


def main():
    n = 0
    rng = np.random.default_rng(1)
    for seed, sizes in enumerate(([32, 64, 64, 1], [5, 3], [17, 33, 15, 7], [128, 256, 8], [1, 1, 1])):
        layers = model_make.random_layers(sizes, seed)
        rows = rng.normal(0, 1.5, (N_ROWS, sizes[0])).astype("f4")
        for is_per_channel in (False, True):
            for is_end_int8 in (False, True):
                n += compare(f"{sizes}, per channel {is_per_channel}, int8 end {is_end_int8}",
                             quantized(layers, rows, is_per_channel, is_end_int8), rows, 0)
        for end in ("", "Sigmoid", "Softmax", "Tanh"):
            n += compare(f"{sizes} in float, {end or 'no'} end", model_make.mlp(layers, end), rows,
                         1e-5)
    print(n)


main()
