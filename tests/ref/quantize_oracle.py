#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quantize_oracle - what umm-quantize wrote, beside a quantiser in NumPy.

    quantize_oracle.py FLOAT.onnx ROWS.npy INT8.onnx REPORT.json [per-tensor]

Both models are perceptrons with a Relu between their layers, and sums of the float one are exact
in binary32, whatever their order. Every scale, zero point, weight and bias must be equal, and the
report's figures those of the integer arithmetic as it is defined. The method is minmax.
"""
import json
import struct
import sys

import numpy as np

DTYPES = {1: "<f4", 3: "i1", 6: "<i4", 7: "<i8"}


# ---- ONNX ---------------------------------------------------------------------------------


def fields(data):
    """Of a message: number and value of each field."""
    def varint(at):
        number = shift = 0
        while True:
            byte = data[at]
            number |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return number, at
    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            value, at = varint(at)
        elif key & 7 == 2:
            length, at = varint(at)
            value, at = data[at:at + length], at + length
        else:
            assert key & 7 == 5, key
            value, at = data[at:at + 4], at + 4
        yield key >> 3, value


def all_of(data, number):
    return [value for key, value in fields(data) if key == number]


def numbers(values):
    """Of a repeated field of integers, packed or not."""
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
            continue
        out += [v for _, v in fields(b"".join(b"\x08" + bytes(chunk) for chunk in split(value)))]
    return out


def split(packed):
    begin = 0
    for i, byte in enumerate(packed):
        if byte < 128:
            yield packed[begin:i + 1]
            begin = i + 1


def tensor(data):
    shape = numbers(all_of(data, 1))
    dtype = np.dtype(DTYPES[all_of(data, 2)[0]])
    raw = all_of(data, 9)
    if raw:
        array = np.frombuffer(raw[0], dtype)
    elif dtype.kind == "f":
        array = np.array([struct.unpack("<f", v)[0] for v in all_of(data, 4)], dtype)
    else:
        wide = np.array(numbers(all_of(data, 5)), "u8").astype("i8")
        array = wide.astype(dtype)
    return array.reshape(shape)


class Graph:
    def __init__(self, path):
        graph = all_of(open(path, "rb").read(), 7)[0]
        self.constants = {all_of(t, 8)[0].decode(): tensor(t) for t in all_of(graph, 5)}
        self.nodes = []
        self.makers = {}
        for node in all_of(graph, 1):
            op = all_of(node, 4)[0].decode()
            inputs = [name.decode() for name in all_of(node, 1)]
            self.nodes.append((op, inputs))
            for name in all_of(node, 2):
                self.makers[name.decode()] = (op, inputs)

    def gemms(self):
        return [inputs for op, inputs in self.nodes if op == "Gemm"]

    def quantized(self, name):
        """q, scale and zero point of what a DequantizeLinear makes into floats."""
        op, inputs = self.makers[name]
        assert op == "DequantizeLinear", (name, op)
        scale = self.constants[inputs[1]]
        zero_point = self.constants[inputs[2]] if len(inputs) > 2 else np.zeros(scale.shape, "i1")
        return self.constants.get(inputs[0]), scale.reshape(-1), zero_point.reshape(-1)


# ---- the choice of rows ----------------------------------------------------------------------


def xxh64(number):
    """Of the 8 bytes of a number, lowest first, with seed 0 (XXH64's specification)."""
    p1, p2, p3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    p4, p5, mask = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5, (1 << 64) - 1

    def rotate(x, n):
        return (x << n | x >> (64 - n)) & mask
    acc = (p5 + 8) & mask
    acc ^= rotate(number * p2 & mask, 31) * p1 & mask
    acc = (rotate(acc, 27) * p1 + p4) & mask
    acc = (acc ^ acc >> 33) * p2 & mask
    acc = (acc ^ acc >> 29) * p3 & mask
    return acc ^ acc >> 32


# ---- the quantiser -------------------------------------------------------------------------------


def scale_of(values):
    low, high = min(float(values.min()), 0), max(float(values.max()), 0)
    scale = np.float32((high - low) / 255)
    return scale, int(np.rint(-128 - low / float(scale)))


def quantize(layers, rows, per_tensor):
    """The integers of each layer, by ranges of the rows."""
    value, out = rows.astype("f4"), []
    for i, (weights, biases) in enumerate(layers):
        scale_x, zero_x = scale_of(value)
        most = np.abs(weights).max(axis=1)
        if per_tensor:
            most = np.array([most.max()])
        scale_w = (most.astype("f8") / 127).astype("f4")
        q_w = np.rint(weights.astype("f8") / scale_w[:, None].astype("f8")).astype("i8")
        scale_b = (scale_x * scale_w).astype("f4")
        q_b = np.rint(biases.astype("f8") / scale_b.astype("f8")).astype("i8")
        out.append((scale_x, zero_x, scale_w, q_w, scale_b, q_b))
        value = value @ weights.T + biases
        value = np.maximum(value, 0) if i + 1 < len(layers) else value
    return out


def run(layers, rows):
    """Integers through the layers, floats at the end."""
    q = np.clip(np.rint(rows / layers[0][0]).astype("i8") + layers[0][1], -128, 127)
    for i, (_, zero_x, _, q_w, scale_b, q_b) in enumerate(layers):
        acc = ((q - zero_x) @ q_w.T + q_b).astype("f4")
        if i + 1 == len(layers):
            return acc * scale_b
        scale_y, zero_y = layers[i + 1][:2]
        q = np.rint(acc * (scale_b / scale_y).astype("f4")).astype("i8") + zero_y
        q = np.clip(q, zero_y, 127)  # a Relu


def main():
    floats, ints = Graph(sys.argv[1]), Graph(sys.argv[3])
    rows = np.load(sys.argv[2])
    report = json.load(open(sys.argv[4]))
    per_tensor = "per-tensor" in sys.argv
    held = np.array([xxh64(i) % 4 == 0 for i in range(len(rows))])
    assert report["rows_held_out"] == held.sum(), (report["rows_held_out"], held.sum())
    layers = [(floats.constants[g[1]], floats.constants[g[2]]) for g in floats.gemms()]
    wanted = quantize(layers, rows[~held], per_tensor)
    gemms = ints.gemms()
    assert len(gemms) == len(wanted), (len(gemms), len(wanted))
    for i, (gemm, (scale_x, zero_x, scale_w, q_w, scale_b, q_b)) in enumerate(zip(gemms, wanted)):
        _, scale, zero = ints.quantized(gemm[0])
        assert scale == scale_x and zero == zero_x, (i, scale, scale_x, zero, zero_x)
        q, scale, zero = ints.quantized(gemm[1])
        assert (q == q_w).all() and (zero == 0).all(), (i, "weights")
        assert (scale == scale_w).all(), (i, scale, scale_w)
        q, scale, zero = ints.quantized(gemm[2])
        assert (q == q_b).all() and (scale == scale_b).all() and (zero == 0).all(), (i, "biases")
    value = rows[held].astype("f8")
    for i, (weights, biases) in enumerate(layers):
        value = value @ weights.T.astype("f8") + biases
        value = np.maximum(value, 0) if i + 1 < len(layers) else value
    answers = run(wanted, rows[held]).astype("f8")
    rms = np.sqrt(((answers - value) ** 2).sum() / (value ** 2).sum())
    assert abs(report["relative_rms"] / rms - 1) < 1e-4, (report["relative_rms"], rms)
    same = int((answers.argmax(axis=1) == value.argmax(axis=1)).sum())
    assert report["rows_same_decision"] == same, (report["rows_same_decision"], same)
    worst = np.abs(answers - value).max()
    assert abs(report["largest_difference"] / worst - 1) < 1e-4
    assert int(np.abs(answers - value).max(axis=1).argmax()) == \
        list(np.flatnonzero(held)).index(report["worst_rows"][0]["row"])


main()
