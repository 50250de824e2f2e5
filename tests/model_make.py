#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""model_make - small ONNX models for the tests, written byte by byte: protobuf needs no library.

    model = Model([("x", 4)], [("y", 2)])
    model.node("Gemm", ["x", model.constant("w", weights), model.constant("b", biases)], ["y"],
               transB=1)
    model.write("model.onnx")

mlp() makes a multilayer perceptron of NumPy arrays, answer() computes it in doubles.
"""
import struct

import numpy as np

FLOAT, INT8, INT32, INT64, DOUBLE = 1, 3, 6, 7, 11  # TensorProto.DataType
TYPES = {"float32": FLOAT, "int8": INT8, "int32": INT32, "int64": INT64, "float64": DOUBLE}


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """A field of a message: an integer, a float, or what has a length."""
    if isinstance(value, (bool, int)):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array):
    array = np.ascontiguousarray(array)
    return (b"".join(field(1, int(n)) for n in array.shape) + field(2, TYPES[str(array.dtype)]) +
            field(8, name) + field(9, array.tobytes()))


def attribute(name, value):
    """One of a node's: a number, a text, an array, or a list of numbers or texts."""
    out = field(1, name)
    if isinstance(value, float):
        return out + field(2, value) + field(20, 1)
    if isinstance(value, (bool, int)):
        return out + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return out + field(4, value) + field(20, 3)
    if isinstance(value, np.ndarray):
        return out + field(5, tensor("", value)) + field(20, 4)
    if isinstance(value[0], float):
        return out + b"".join(field(7, one) for one in value) + field(20, 6)
    if isinstance(value[0], str):
        return out + b"".join(field(9, one) for one in value) + field(20, 8)
    return out + b"".join(field(8, one) for one in value) + field(20, 7)


def value_info(name, width, elem_type=FLOAT):
    """Rows of width numbers, as many as come."""
    shape = field(1, field(2, "n")) + field(1, field(1, width))
    return field(1, name) + field(2, field(1, field(1, elem_type) + field(2, shape)))


class Model:
    """inputs and outputs: pairs of a name and a width, or with an elem_type as the third."""

    def __init__(self, inputs, outputs, opset=13, ml_opset=3):
        self.inputs, self.outputs = inputs, outputs
        self.opset, self.ml_opset = opset, ml_opset
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        self.constants.append(tensor(name, array))
        return name

    def node(self, op, inputs, outputs, name="", domain="", **attributes):
        self.nodes.append(b"".join(field(1, one) for one in inputs) +
                          b"".join(field(2, one) for one in outputs) +
                          field(3, name) + field(4, op) +
                          b"".join(field(5, attribute(*one)) for one in attributes.items()) +
                          field(7, domain))
        return outputs[0]

    def bytes(self):
        graph = (b"".join(field(1, one) for one in self.nodes) + field(2, "rows") +
                 b"".join(field(5, one) for one in self.constants) +
                 b"".join(field(11, value_info(*one)) for one in self.inputs) +
                 b"".join(field(12, value_info(*one)) for one in self.outputs))
        opsets = field(8, field(1, "") + field(2, self.opset))
        if self.ml_opset:
            opsets += field(8, field(1, "ai.onnx.ml") + field(2, self.ml_opset))
        return field(1, 7) + field(2, "model_make") + opsets + field(7, graph)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.bytes())


def mlp(layers, end="", names=None, before=()):
    """A perceptron: layers are pairs of weights (n_out x n_in) and biases, with a Relu between
    them; end is an op after the last; names: an input for each column, else one of all; before:
    pairs of an op and a row of numbers that are applied first."""
    n_in, n_out = layers[0][0].shape[1], layers[-1][0].shape[0]
    inputs = [(name, 1) for name in names] if names else [("x", n_in)]
    model = Model(inputs, [("y", n_out)])
    value = "x"
    if names:
        value = model.node("Concat", list(names), ["all"], axis=1)
    for i, (op, row) in enumerate(before):
        constant = model.constant(f"row{i}", np.asarray(row, "f4"))
        value = model.node(op, [value, constant], [f"before{i}"])
    for i, (weights, biases) in enumerate(layers):
        is_last = i + 1 == len(layers)
        inputs = [value, model.constant(f"w{i}", np.asarray(weights, "f4")),
                  model.constant(f"b{i}", np.asarray(biases, "f4"))]
        value = model.node("Gemm", inputs, ["y" if is_last and not end else f"g{i}"],
                           name=f"layer{i}", transB=1)
        if not is_last:
            value = model.node("Relu", [value], [f"r{i}"])
    if end:
        model.node(end, [value], ["y"])
    return model


def answer(layers, rows, end="", before=()):
    """What mlp() computes, in doubles."""
    value = np.asarray(rows, "f8")
    apply = {"Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Add": np.add}
    for op, row in before:
        value = apply[op](value, np.asarray(row, "f8"))
    for i, (weights, biases) in enumerate(layers):
        value = value @ np.asarray(weights, "f8").T + np.asarray(biases, "f8")
        if i + 1 < len(layers):
            value = np.maximum(value, 0)
    if end == "Sigmoid":
        value = 1 / (1 + np.exp(-value))
    elif end == "Softmax":
        value = np.exp(value - value.max(axis=1, keepdims=True))
        value /= value.sum(axis=1, keepdims=True)
    return value


def random_layers(sizes, seed):
    """He's initialisation, small biases."""
    rng = np.random.default_rng(seed)
    return [(rng.normal(0, np.sqrt(2 / a), (b, a)).astype("f4"), rng.normal(0, 0.1, b).astype("f4"))
            for a, b in zip(sizes, sizes[1:])]
