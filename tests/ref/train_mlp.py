#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""train_mlp - a small perceptron trained on made-up features, always alike: std.onnx takes these
standardised (std.npy), raw.onnx as they are (raw.npy, of scales from 1e-3 to 1e5), far.onnx with
some of them far from 0 (far.npy), and scaler.onnx takes far.npy by a scaler in front."""
import numpy as np

from model_make import mlp, random_layers

N_FEATURES, N_ROWS, N_EPOCHS, BATCH = 18, 12000, 6, 100


def train(layers, rows, classes):
    """Adam on the cross entropy of two classes, with NumPy's arithmetic in doubles."""
    weights = [[w.astype("f8").T.copy(), b.astype("f8").copy()] for w, b in layers]
    first = [[np.zeros_like(p) for p in pair] for pair in weights]
    second = [[np.zeros_like(p) for p in pair] for pair in weights]
    step = 0
    for at in list(range(0, len(rows), BATCH)) * N_EPOCHS:
        step += 1
        values = [rows[at:at + BATCH]]
        for i, (w, b) in enumerate(weights):
            value = values[-1] @ w + b
            values.append(np.maximum(value, 0) if i + 1 < len(weights) else value)
        p = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
        slope = (p / p.sum(axis=1, keepdims=True) - np.eye(2)[classes[at:at + BATCH]]) / BATCH
        for i in reversed(range(len(weights))):
            slopes = (values[i].T @ slope, slope.sum(axis=0))
            slope = slope @ weights[i][0].T * (values[i] > 0)
            for k, g in enumerate(slopes):
                first[i][k] = 0.9 * first[i][k] + 0.1 * g
                second[i][k] = 0.999 * second[i][k] + 0.001 * g * g
                weights[i][k] -= (2e-3 * first[i][k] / (1 - 0.9 ** step) /
                                  (np.sqrt(second[i][k] / (1 - 0.999 ** step)) + 1e-8))
    return [(w.T.astype("f4"), b.astype("f4")) for w, b in weights]


def moved(layers, scale, middle):
    """The same answers for rows * scale + middle."""
    weights = layers[0][0].astype("f8") / scale
    biases = layers[0][1] - (weights * middle).sum(axis=1)
    return [(weights.astype("f4"), biases.astype("f4"))] + layers[1:]


def main():
    rng = np.random.default_rng(5)
    rows = rng.normal(0, 1, (N_ROWS, N_FEATURES))
    mix = rng.normal(0, 1, (N_FEATURES, 3))
    score = np.tanh(rows @ mix[:, 0]) - np.tanh(rows @ mix[:, 1]) + 0.3 * rows @ mix[:, 2]
    layers = train(random_layers([N_FEATURES, 64, 64, 2], 3), rows, (score > 0).astype(int))
    scale = 10 ** rng.uniform(-3, 5, N_FEATURES)
    middle = np.where(rng.random(N_FEATURES) < 0.3, 20, 0) * scale
    mlp(layers).write("std.onnx")
    mlp(moved(layers, scale, 0 * middle)).write("raw.onnx")
    mlp(moved(layers, scale, middle)).write("far.onnx")
    mlp(layers, before=[("Sub", middle), ("Div", scale)]).write("scaler.onnx")
    np.save("std.npy", rows.astype("f4"))
    np.save("raw.npy", (rows * scale).astype("f4"))
    np.save("far.npy", (rows * scale + middle).astype("f4"))


main()
