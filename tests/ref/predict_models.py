# SPDX-License-Identifier: MIT
"""
Models for the tests of umm-predict: predict_models.py FILE KIND writes one of `kinds`.

Weights are small whole numbers: where inputs are so too, every answer is exact, whatever the order
of sums.
"""
import sys

import numpy as np

import model_make as make


def layers(n_in, widths, seed=1):
    sizes = [n_in, *widths]
    rng = np.random.default_rng(seed)
    return [(rng.integers(-4, 5, (b, a)).astype("f4"), rng.integers(-4, 5, b).astype("f4"))
            for a, b in zip(sizes, sizes[1:])]


VECTOR = layers(3, (5, 2))
WIDE = layers(32, (64, 64, 1))
NAMED = layers(3, (4, 1))
MIXED = layers(2, (4, 1))


def answer(weights, rows):
    return make.answer(weights, rows).astype("f4")


def two():
    """Two outputs: y, and z, which a relu gives of it."""
    model = make.mlp(layers(3, (2,)))
    model.node("Relu", ["y"], ["z"])
    model.outputs.append(("z", 2))
    return model


def doubles():
    """x - 2^24 in doubles: of x as a float, nothing would be left."""
    model = make.Model([("x", 2, make.DOUBLE)], [("y", 2)])
    model.node("Sub", ["x", model.constant("c", np.full((1, 2), 2.0**24))], ["d"])
    model.node("Cast", ["d"], ["y"], to=make.FLOAT)
    return model


def moved():
    """As doubles(), of columns that are taken out, put together and scaled before."""
    model = make.Model([("x", 2, make.DOUBLE)], [("y", 4)])
    one = model.constant("one", np.array([1]))
    model.node("Gather", ["x", model.constant("order", np.array([1, 0]))], ["turned"], axis=1)
    model.node("Slice", ["x", one, model.constant("two", np.array([2])), one], ["last"])
    model.node("Concat", ["turned", "last"], ["d"], axis=1)
    model.node("Sub", ["d", model.constant("c", np.full((1, 3), 2.0**24))], ["s"])
    model.node("Cast", ["s"], ["f"], to=make.FLOAT)
    model.node("Scaler", ["last"], ["scaled"], domain="ai.onnx.ml", offset=[2.0**24], scale=[2.0])
    model.node("Concat", ["f", "scaled"], ["y"], axis=1)
    return model


def split():
    """1 where x, a double, is not above 2^24, else 2."""
    model = make.Model([("x", 1, make.DOUBLE)], [("y", 1)])
    model.node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1,
               nodes_nodeids=[0, 1, 2], nodes_treeids=[0] * 3, nodes_featureids=[0] * 3,
               nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[2.0**24, 0.0, 0.0],
               nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], target_ids=[0, 0],
               target_nodeids=[1, 2], target_treeids=[0, 0], target_weights=[1.0, 2.0])
    return model


def throng():
    """One leaf that adds 1 to each of 250,000 results, which begin with 2."""
    n = 250000

    def attribute(name, number, values):
        return make.field(5, make.field(1, name) + b"".join(make.field(number, v) for v in values))

    model = make.Model([("x", 1)], [("y", n)])
    node = (make.field(1, "x") + make.field(2, "y") + make.field(4, "TreeEnsembleRegressor") +
            make.field(7, "ai.onnx.ml") + make.field(5, make.attribute("n_targets", n)) +
            attribute("nodes_modes", 9, ["LEAF"]) + attribute("nodes_values", 7, [0.0]))
    for name in ("nodeids", "treeids", "featureids", "truenodeids", "falsenodeids"):
        node += attribute(f"nodes_{name}", 8, [0])
    node += attribute("target_ids", 8, range(n))
    node += attribute("target_nodeids", 8, [0] * n) + attribute("target_treeids", 8, [0] * n)
    node += attribute("target_weights", 7, [1.0] * n) + attribute("base_values", 7, [2.0] * n)
    model.nodes.append(node)
    return model


def whole():
    """y = (n, x): an integer, and a float."""
    model = make.Model([("n", 1, make.INT64), ("x", 1)], [("y", 2)])
    model.node("Cast", ["n"], ["f"], to=make.FLOAT)
    model.node("Concat", ["f", "x"], ["y"], axis=1)
    return model


def widen(model, width):
    """x, 1 wide, as often as that."""
    value, wide = "x", 1
    while wide < width:
        n = min(256, width // wide)
        value, wide = model.node("Concat", [value] * n, [f"x{wide * n}"], axis=1), wide * n
    return value


def wide_answers():
    """A number, and 65536 times the number."""
    model = make.Model([("x", 1)], [("y", 1 << 16)])
    model.node("Relu", [widen(model, 1 << 16)], ["y"])
    return model


def held():
    """Many long rows that are all needed in the end: of a small file."""
    n = 1000
    model = make.Model([("x", 1)], [("y", 1 << 16)])
    names = ["s0"]
    model.node("Relu", [widen(model, 1 << 16)], ["s0"])
    for i in range(1, n):
        names.append(model.node("Sigmoid", [names[-1]], [f"s{i}"]))
    for i in range(1, n):
        before = f"a{i - 1}" if i > 1 else names[-1]
        model.node("Add", [before, names[-1 - i]], ["y" if i == n - 1 else f"a{i}"])
    return model


def odd_name():
    """Its output's name has what moves a terminal's cursor."""
    weights, biases = VECTOR[0]
    model = make.Model([("x", 3)], [("y\u009b2J", 5)])
    constants = [model.constant("w", weights), model.constant("b", biases)]
    model.node("Gemm", ["x", *constants], ["y\u009b2J"], transB=1)
    return model


def outside():
    """Weights in outside.weights; a sigmoid that is 0 or 1 unless numbers add up to 0."""
    weights = np.array([1e6, 1e6, 1e6, 0], "f4")
    model = make.Model([("x", 3)], [("y", 1)])
    for name, shape, at in (("w", (1, 3), 0), ("b", (1,), 12)):
        model.constants.append(
            b"".join(make.field(1, n) for n in shape) + make.field(2, make.FLOAT) +
            make.field(8, name) + make.field(14, 1) +
            b"".join(make.field(13, make.field(1, key) + make.field(2, value))
                     for key, value in (("location", "outside.weights"), ("offset", str(at)))))
    model.node("Gemm", ["x", "w", "b"], ["g"], transB=1)
    model.node("Sigmoid", ["g"], ["y"])
    weights.tofile("outside.weights")
    return model


def elsewhere():
    """y = x times the floats in w/ones.bin."""
    model = make.Model([("x", 3)], [("y", 3)])
    where = make.field(1, "location") + make.field(2, "w/ones.bin")
    model.constants.append(make.field(1, 1) + make.field(1, 3) + make.field(2, make.FLOAT) +
                           make.field(8, "c") + make.field(13, where) + make.field(14, 1))
    model.node("Mul", ["x", "c"], ["y"])
    return model


def loop():
    model = make.Model([("x", 3)], [("y", 3)])
    model.node("Loop", ["x"], ["y"])
    return model


kinds = {
    "vector": lambda: make.mlp(VECTOR),
    "other": lambda: make.mlp(layers(3, (5, 2), seed=9)),
    "wide": lambda: make.mlp(WIDE),
    "named": lambda: make.mlp(NAMED, names=("alpha", "beta", "gamma")),
    "mixed": lambda: make.mlp(MIXED, names=("ema_5", "sma_3")),
    "two": two,
    "doubles": doubles,
    "moved": moved,
    "split": split,
    "throng": throng,
    "whole": whole,
    "wide_answers": wide_answers,
    "held": held,
    "odd_name": odd_name,
    "outside": outside,
    "elsewhere": elsewhere,
    "loop": loop,
}

if __name__ == "__main__":
    kinds[sys.argv[2]]().write(sys.argv[1])
