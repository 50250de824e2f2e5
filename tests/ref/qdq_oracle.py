# SPDX-License-Identifier: MIT
"""qdq_oracle - random quantised models, and what ONNX Runtime computes of them.

    qdq_oracle.py N SEED          N models as quantisers write them (QuantizeLinear, DequantizeLinear,
                                  Gemm or MatMul, ...); umm-predict's numbers must have the bits that
                                  are computed here
    qdq_oracle.py N SEED ORT_RUN LIBRARY
                                  and so must those of ONNX Runtime, run by tests/ref/ort_run.c

Layers of dequantised numbers are sums of integers, scaled once: rint((float)sum * (x.scale *
w.scale / y.scale)) + y.zero_point, or in floats (float)sum * (x.scale * w.scale).
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

N_ROWS = 1000
F4 = np.float32


class Model:
    """A model in the making. now: numbers of the last value, as floats; name: what it is called."""

    def __init__(self, random):
        self.random = random
        self.type = np.int8 if random.integers(2) else np.uint8
        self.low, self.high = np.iinfo(self.type).min, np.iinfo(self.type).max
        self.nodes, self.constants, self.kinds = [], [], []
        width = int(random.integers(1, 60))
        self.rows = (random.normal(size=(N_ROWS, width)) * random.uniform(0.2, 5)).astype(F4)
        self.now, self.name = self.rows, "x"
        self.q, self.scale, self.zero_point = None, None, None  # of what was last quantised

    def constant(self, numbers):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(numbers), name))
        return name

    def add(self, op, *inputs, **attributes):
        self.name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [self.name], **attributes))
        return self.name

    def round(self, q):
        return np.clip(np.rint(q) + self.zero_point, self.low, self.high).astype(np.int64)

    def choose_scale(self, has_zero_least):
        """For the numbers there are, of which the outermost are cut."""
        low, high = min(0, self.now.min()) * 0.9, max(1e-3, self.now.max()) * 0.9
        if has_zero_least:
            low = 0
        self.scale = F4((high - low) / 255)
        zero_point = self.low if has_zero_least else round(self.low - low / self.scale)
        self.zero_point = int(np.clip(zero_point, self.low, self.high))

    def quantize(self, has_zero_least=False, fused=None):
        """And dequantise. fused: (sums, scales) of a layer whose own rounding this is."""
        self.choose_scale(has_zero_least)
        if fused:
            sums, scales = fused
            self.q = self.round(sums * (scales / self.scale))
        else:
            self.q = self.round(self.now / self.scale)
        names = [self.constant(self.scale), self.constant(np.array(self.zero_point).astype(self.type))]
        self.add("QuantizeLinear", self.name, *names)
        self.add("DequantizeLinear", self.name, *names)
        self.now = (self.q - self.zero_point).astype(F4) * self.scale

    def dequantized(self, numbers, scales, axis, zero_points=()):
        attributes = {"axis": axis} if scales.ndim else {}
        kept = self.name
        name = self.add("DequantizeLinear", self.constant(numbers), self.constant(scales),
                        *(self.constant(z) for z in zero_points), **attributes)
        self.name = kept
        return name

    def layer(self, n_out):
        """Exact sums, and the scale of each output's."""
        random, is_gemm = self.random, bool(self.random.integers(3))
        weights = random.normal(size=(n_out, self.now.shape[1])) * random.uniform(0.05, 2)
        is_per_channel = bool(random.integers(2))
        scales = np.abs(weights).max(axis=1 if is_per_channel else None) / 127
        scales = np.asarray(scales, F4)
        spread = scales.reshape(-1, 1) if is_per_channel else scales
        zeros = np.zeros(scales.shape, np.int8)
        if self.type == np.uint8 and random.integers(2):
            zeros = random.integers(100, 150, size=scales.shape).astype(np.uint8)
        offset = zeros.reshape(-1, 1) if is_per_channel else zeros
        low, high = np.iinfo(zeros.dtype).min, np.iinfo(zeros.dtype).max
        weights = np.clip(np.rint(weights / spread) + offset, low, high).astype(zeros.dtype)
        sums = (self.q - self.zero_point) @ (weights.T.astype(np.int64) - offset.T)
        sum_scales = (self.scale * scales).astype(F4)
        self.kinds.append("gemm" if is_gemm else "matmul")
        if is_gemm:
            inputs = [self.dequantized(weights, scales, 0, [zeros])]
            if random.integers(4):
                bias = np.rint(random.normal(size=n_out) * 0.5 / sum_scales).astype(np.int32)
                sums = sums + bias
                inputs.append(self.dequantized(bias, sum_scales, 0))
            self.add("Gemm", self.name, *inputs, transB=1)
        else:
            self.add("MatMul", self.name, self.dequantized(weights.T, scales, 1, [zeros]))
        sums = sums.astype(np.int32).astype(F4)
        self.now = sums * sum_scales
        return sums, sum_scales

    def function(self):
        """Of dequantised numbers, to be quantised: exact, then rounded once."""
        op = ("Sigmoid", "Tanh", "LeakyRelu")[self.random.integers(3)]
        x = self.now.astype(float)
        if op == "Sigmoid":
            y = 1 / (1 + np.exp(-np.clip(x, -700, 700)))
        else:
            y = np.tanh(x) if op == "Tanh" else np.where(x < 0, x * float(F4(0.01)), x)
        self.add(op, self.name)
        self.now = y.astype(F4)
        self.kinds.append(op)
        self.quantize()

    def build(self):
        self.quantize()
        n_layers = int(self.random.integers(1, 5))
        for i in range(n_layers):
            is_last = i + 1 == n_layers
            sums, scales = self.layer(int(self.random.integers(1, 60)))
            is_relu = not is_last and bool(self.random.integers(2))
            if is_relu:
                self.add("Relu", self.name)
                self.now = np.maximum(self.now, 0)
            if not is_last or self.random.integers(2):
                self.quantize(is_relu, (sums, scales))
            if not is_last and self.random.integers(4) == 0:
                self.function()
        self.nodes.append(helper.make_node("Identity", [self.name], ["y"]))

    def bytes(self):
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, numbers.shape[1]])
                for name, numbers in (("x", self.rows), ("y", self.now))]
        graph = helper.make_graph(self.nodes, "model", ends[:1], ends[1:], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 7
        return model.SerializeToString()


def predict(model, work):
    """What umm-predict makes of the model's rows."""
    rows, result = os.path.join(work, "x.npy"), os.path.join(work, "y.npy")
    np.save(rows, model.rows)
    subprocess.run(["umm-predict", os.path.join(work, "model.onnx"), rows, "-o", result], check=True)
    found = np.load(result)
    if found.dtype.names:
        found = np.stack([found[name] for name in found.dtype.names], axis=-1)
    return found.reshape(N_ROWS, -1)


def peer(program, model, work):
    """What ONNX Runtime makes of them, 64 at a time."""
    command = [*program, os.path.join(work, "model.onnx"), "y", str(N_ROWS), "64"]
    found = subprocess.run(command, input=model.rows.tobytes(), stdout=subprocess.PIPE, check=True)
    return np.frombuffer(found.stdout, F4).reshape(N_ROWS, -1)


def main():
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    n_models, random = int(sys.argv[1]), np.random.default_rng(int(sys.argv[2]))
    n_numbers = n_different = 0
    for i in range(n_models):
        model = Model(random)
        model.build()
        n_numbers += model.now.size
        with tempfile.TemporaryDirectory() as work:
            with open(os.path.join(work, "model.onnx"), "wb") as file:
                file.write(model.bytes())
            found = {"umm-predict": predict(model, work)}
            if len(sys.argv) > 3:
                found["ONNX Runtime"] = peer(sys.argv[3:], model, work)
        for name, numbers in found.items():
            n_bad = int((numbers.astype(F4) != model.now).sum())
            n_different += n_bad
            if n_bad:
                print(f"{name}: model {i} ({' '.join(model.kinds)}): {n_bad} of "
                      f"{model.now.size} numbers differ")
    print(f"{n_models} models, {n_numbers} numbers, {n_different} different")
    sys.exit(n_different != 0)


if __name__ == "__main__":
    main()
