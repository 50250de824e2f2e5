# SPDX-License-Identifier: MIT
"""model_trees.py PATH - 100 random regression trees of depth 6 over 32 features, as ONNX."""
import random
import sys

import onnx
from onnx import TensorProto, helper

N_TREES, DEPTH, N_FEATURES = 100, 6, 32


def make():
    random.seed(4)
    node = {name: [] for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids",
                                  "falsenodeids", "hitrates", "missing_value_tracks_true")}
    leaf = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    n_inner = 2**DEPTH - 1
    for tree in range(N_TREES):
        for i in range(2 * n_inner + 1):
            is_leaf = i >= n_inner
            row = (tree, i, 0 if is_leaf else random.randrange(N_FEATURES), 0.0 if is_leaf else random.gauss(0, 1),
                   "LEAF" if is_leaf else "BRANCH_LEQ", 0 if is_leaf else 2 * i + 1, 0 if is_leaf else 2 * i + 2, 1.0, 0)
            for values, value in zip(node.values(), row):
                values.append(value)
            if is_leaf:
                for values, value in zip(leaf.values(), (tree, i, 0, random.gauss(0, 0.1))):
                    values.append(value)
    attributes = {f"nodes_{name}": values for name, values in node.items()}
    attributes |= {f"target_{name}": values for name, values in leaf.items()}
    ensemble = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1,
                                post_transform="NONE", aggregate_function="SUM", **attributes)
    graph = helper.make_graph([ensemble], "trees",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, N_FEATURES])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])])
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=7)


onnx.save(make(), sys.argv[1])
