# SPDX-License-Identifier: MIT
"""model_oracle - models of scikit-learn and XGBoost, and what they predict themselves.

    model_oracle.py sklearn        train small models, write each as ONNX in the form that skl2onnx
                                   gives it, and compare umm-predict's numbers with the model's own
    model_oracle.py xgboost        the same of XGBoost, in the form of onnxmltools

Each number must be within TOLERANCE of the largest of its own size, of how much the output varies,
and of what it is a sum with. Layers of doubles are exact but for the last rounding, ROUNDED.
One line for each model; the last one counts them.
"""
import os
import subprocess
import sys
import tempfile
import warnings

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TOLERANCE, ROUNDED = 1e-6, 2.0**-24 * 1.001
N_TRAIN, N_ROWS, N_FEATURES = 300, 500, 6
ML = "ai.onnx.ml"


# ---- ONNX, as converters build it ----

class Export:
    """A graph in the making; x is the name of what comes next."""

    def __init__(self, n_inputs=N_FEATURES, element=TensorProto.FLOAT):
        self.element = element
        self.nodes, self.constants = [], []
        self.x = "input"
        self.inputs = [helper.make_tensor_value_info("input", element, [None, n_inputs])]
        self.outputs = []

    def constant(self, numbers, dtype=None):
        dtype = dtype or helper.mapping.TENSOR_TYPE_TO_NP_TYPE[self.element]
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(numbers, dtype), name))
        return name

    def add(self, op, *inputs, domain="", outputs=None, **attributes):
        outputs = outputs or [f"value{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, domain=domain, **attributes))
        self.x = outputs[0]
        return self.x

    def output(self, name, width, element=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, element, [None, width]))

    def label_of(self, probabilities, classes):
        """The label of the largest: not what umm computes, but it is in the file."""
        best = self.add("ArgMax", probabilities, axis=1)
        best = self.add("ArrayFeatureExtractor", self.constant(classes, np.int64), best, domain=ML)
        best = self.add("Cast", best, to=TensorProto.INT64)
        self.add("Reshape", best, self.constant([-1], np.int64), outputs=["output_label"])

    def probabilities(self, name, classes, is_map):
        """The last output: as they are, or as a map of each label to its own."""
        label = helper.make_tensor_value_info("output_label", TensorProto.INT64, [None])
        self.outputs.append(label)
        if not is_map:
            self.add("Identity", name, outputs=["output_probability"])
            self.output("output_probability", len(classes))
            return
        self.add("ZipMap", name, domain=ML, classlabels_int64s=classes,
                 outputs=["output_probability"])
        info = onnx.ValueInfoProto(name="output_probability")
        kind = info.type.sequence_type.elem_type.map_type
        kind.key_type = TensorProto.INT64
        kind.value_type.tensor_type.elem_type = TensorProto.FLOAT
        kind.value_type.tensor_type.shape.SetInParent()
        self.outputs.append(info)

    def bytes(self):
        graph = helper.make_graph(self.nodes, "model", self.inputs, self.outputs, self.constants)
        opsets = [helper.make_opsetid("", 15), helper.make_opsetid(ML, 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="model_oracle")
        model.ir_version = 8
        return model.SerializeToString()


def round_down(threshold):
    """The largest float not above: floats compare with it as with the threshold."""
    as_float = np.float32(threshold)
    return np.nextafter(as_float, np.float32(-np.inf)) if as_float > threshold else as_float


class Trees:
    """The attributes of a TreeEnsemble operator."""

    def __init__(self, word):
        self.word = word  # "class" or "target"
        self.lists = {}
        self.n_trees = 0

    def put(self, **values):
        for name, value in values.items():
            self.lists.setdefault(name, []).append(value)

    def add_node(self, number, mode, feature=0, threshold=0.0, left=0, right=0, missing=0):
        self.put(nodes_treeids=self.n_trees, nodes_nodeids=number, nodes_modes=mode,
                 nodes_featureids=int(feature), nodes_values=float(threshold),
                 nodes_truenodeids=int(left), nodes_falsenodeids=int(right),
                 nodes_hitrates=1.0, nodes_missing_value_tracks_true=int(missing))

    def add_leaf(self, number, weights):
        """weights: {output: weight}"""
        self.add_node(number, "LEAF")
        for output, weight in weights.items():
            self.lists.setdefault(f"{self.word}_treeids", []).append(self.n_trees)
            self.lists.setdefault(f"{self.word}_nodeids", []).append(number)
            self.lists.setdefault(f"{self.word}_ids", []).append(output)
            self.lists.setdefault(f"{self.word}_weights", []).append(float(weight))

    def end_tree(self):
        self.n_trees += 1

    def add_sklearn(self, tree, weights_of):
        for i in range(tree.node_count):
            if tree.children_left[i] == tree.children_right[i]:
                self.add_leaf(i, weights_of(tree.value[i]))
            else:
                self.add_node(i, "BRANCH_LEQ", tree.feature[i], round_down(tree.threshold[i]),
                              tree.children_left[i], tree.children_right[i])
        self.end_tree()


def add_classifier(export, trees, classes, transform, base=None, is_map=False):
    if base is not None:
        trees.lists["base_values"] = [float(b) for b in base]
    export.add("TreeEnsembleClassifier", export.x, domain=ML, post_transform=transform,
               classlabels_int64s=classes, outputs=["output_label", "scores"], **trees.lists)
    export.probabilities("scores", classes, is_map)


def add_regressor(export, trees, base=None, n_targets=1):
    if base is not None:
        trees.lists["base_values"] = [float(b) for b in base]
    export.add("TreeEnsembleRegressor", export.x, domain=ML, post_transform="NONE",
               n_targets=n_targets, outputs=["variable"], **trees.lists)
    export.output("variable", n_targets)


# ---- comparing ----

class Comparison:
    """Runs of umm-predict beside what models say."""

    def __init__(self):
        self.n_models, self.n_bad = 0, 0

    def compare(self, name, export, rows, expected, summand=0.0, tolerance=TOLERANCE):
        with tempfile.TemporaryDirectory() as work:
            path = {kind: os.path.join(work, kind) for kind in ("model.onnx", "x.npy", "y.npy")}
            with open(path["model.onnx"], "wb") as file:
                file.write(export.bytes())
            np.save(path["x.npy"], rows)
            nan = ["--nan=pass"] if np.isnan(rows).any() else []
            subprocess.run(["umm-predict", *nan, path["model.onnx"], path["x.npy"],
                            "-o", path["y.npy"]], check=True)
            found = np.load(path["y.npy"])
        if found.dtype.names:
            found = np.stack([found[column] for column in found.dtype.names], axis=-1)
        found = found.reshape(len(rows), -1).astype(float)
        expected = np.asarray(expected, float).reshape(len(rows), -1)
        if found.shape != expected.shape:
            self.say(name, False, f"{found.shape} numbers, not {expected.shape}")
            return
        scale = np.maximum(np.abs(expected), max(expected.std(), summand))
        worst = (np.abs(found - expected) / scale).max()
        self.say(name, worst <= tolerance, f"{worst:.2e}")

    def say(self, name, is_good, what):
        self.n_models += 1
        self.n_bad += not is_good
        print("ok" if is_good else "BAD", name, what)


def draw(seed, n, missing=0.0):
    """Features of several sizes, as floats."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, N_FEATURES)) * [1, 10, 0.1, 1, 100, 1] + [0, 5, 0, -1, 50, 0]
    rows[random.random(rows.shape) < missing] = np.nan
    return rows.astype(np.float32)


def target(rows):
    rows = np.nan_to_num(rows.astype(float))
    return rows[:, 0] + 0.1 * rows[:, 1] * rows[:, 3] - 3 * rows[:, 2] + np.sin(rows[:, 4] / 50)


def labels(rows, n_classes):
    y = target(rows)
    return np.searchsorted(np.quantile(y, np.arange(1, n_classes) / n_classes), y)


# ---- scikit-learn ----

def add_scaler(export, scaler):
    kind = type(scaler).__name__
    if kind == "StandardScaler":
        export.add("Scaler", export.x, domain=ML, offset=scaler.mean_.tolist(),
                   scale=(1 / scaler.scale_).tolist())
    elif kind == "MinMaxScaler":
        export.add("Mul", export.x, export.constant(scaler.scale_))
        export.add("Add", export.x, export.constant(scaler.min_))
    else:
        export.add("Normalizer", export.x, domain=ML, norm=scaler.norm.upper())


def add_mlp(export, mlp):
    """Layers; the name of the last one's numbers before the output's activation."""
    names = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}
    export.add("Cast", export.x, to=export.element)
    for i, (weights, bias) in enumerate(zip(mlp.coefs_, mlp.intercepts_)):
        export.add("MatMul", export.x, export.constant(weights))
        export.add("Add", export.x, export.constant(bias.reshape(1, -1)))
        if i + 1 < len(mlp.coefs_) and mlp.activation != "identity":
            export.add(names[mlp.activation], export.x)


def mlps(comparison):
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
    signed = draw(1, N_TRAIN), draw(2, N_ROWS)
    cases = [("relu", StandardScaler(), 3, False), ("tanh", MinMaxScaler(), 3, True),
             ("logistic", StandardScaler(), 2, False), ("relu", Normalizer("l2"), 2, True),
             ("identity", Normalizer("l1"), 3, False), ("tanh", Normalizer("max"), 2, False)]
    for activation, scaler, n_classes, is_map in cases:
        # ONNX's Normalizer takes the largest number, scikit-learn's the largest magnitude.
        is_max = getattr(scaler, "norm", "") == "max"
        train, rows = (np.abs(x) if is_max else x for x in signed)
        mlp = MLPClassifier((16, 8), activation=activation, max_iter=60, random_state=0)
        pipeline = make_pipeline(scaler, mlp).fit(train.astype(float), labels(train, n_classes))
        export = Export()
        add_scaler(export, scaler)
        add_mlp(export, mlp)
        if n_classes > 2:
            scores = export.add("Softmax", export.x, axis=1)
        else:
            p = export.add("Sigmoid", export.x)
            rest = export.add("Sub", export.constant([1.0]), p)
            scores = export.add("Concat", rest, p, axis=1)
        export.label_of(scores, list(range(n_classes)))
        export.probabilities(scores, list(range(n_classes)), is_map)
        comparison.compare(f"MLPClassifier {activation} {type(scaler).__name__} {n_classes}",
                           export, rows, pipeline.predict_proba(rows.astype(float)))
    train, rows = signed
    float_, double = TensorProto.FLOAT, TensorProto.DOUBLE
    for n_targets, element, activation, tolerance in (
            (1, float_, "relu", TOLERANCE), (2, float_, "relu", TOLERANCE),
            (1, double, "relu", ROUNDED), (2, double, "identity", ROUNDED),
            (1, double, "tanh", TOLERANCE)):
        y = target(train) if n_targets == 1 else np.stack([target(train), -train[:, 0]], axis=1)
        scaler = StandardScaler()
        mlp = MLPRegressor((70, 30), activation=activation, max_iter=60, random_state=0)
        pipeline = make_pipeline(scaler, mlp).fit(train.astype(float), y)
        export = Export(element=element)
        if element == TensorProto.FLOAT:
            add_scaler(export, scaler)
        else:
            export.add("Sub", export.x, export.constant(scaler.mean_))
            export.add("Div", export.x, export.constant(scaler.scale_))
        add_mlp(export, mlp)
        shape = export.constant([-1, n_targets], np.int64)
        export.add("Reshape", export.x, shape, outputs=["variable"])
        export.output("variable", n_targets, element)
        dtype = helper.mapping.TENSOR_TYPE_TO_NP_TYPE[element]
        numbers = rows.astype(dtype)
        if element == double:  # that are no floats, and far from those of the training
            numbers = np.concatenate([numbers, numbers * 1e5]) / 3
        comparison.compare(f"MLPRegressor {n_targets} {dtype} {activation}", export, numbers,
                           pipeline.predict(numbers.astype(float)), tolerance=tolerance)


def linear(comparison):
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVR
    scaler = StandardScaler()
    train = scaler.fit_transform(draw(3, N_TRAIN)).astype(np.float32)
    rows = scaler.transform(draw(4, N_ROWS)).astype(np.float32)
    for n_classes, multi in ((2, "auto"), (2, "multinomial"), (3, "multinomial"), (3, "ovr")):
        model = LogisticRegression(multi_class=multi).fit(train.astype(float),
                                                          labels(train, n_classes))
        coefficients, intercepts = model.coef_, model.intercept_
        if n_classes == 2:
            coefficients = np.concatenate([-coefficients, coefficients])
            intercepts = np.concatenate([-intercepts, intercepts])
        is_softmax = multi == "multinomial"
        export = Export()
        scores = "scores"
        export.add("LinearClassifier", export.x, domain=ML, classlabels_ints=list(range(n_classes)),
                   coefficients=coefficients.ravel().tolist(), intercepts=intercepts.tolist(),
                   multi_class=int(not is_softmax), outputs=["label", scores],
                   post_transform="SOFTMAX" if is_softmax else "LOGISTIC")
        if not is_softmax:
            scores = export.add("Normalizer", scores, domain=ML, norm="L1")
        export.add("Cast", "label", to=TensorProto.INT64, outputs=["output_label"])
        export.probabilities(scores, list(range(n_classes)), is_map=n_classes == 3)
        comparison.compare(f"LogisticRegression {multi} {n_classes}", export, rows,
                           model.predict_proba(rows.astype(float)))
    both = np.stack([target(train), train[:, 1] - train[:, 0]], axis=1)
    for model, y in ((LinearRegression(), target(train)), (LinearRegression(), both),
                     (Ridge(), target(train)), (LinearSVR(max_iter=10000), target(train))):
        model.fit(train.astype(float), y)
        targets = {"targets": y.shape[1]} if y.ndim == 2 else {}
        export = Export()
        export.add("LinearRegressor", export.x, domain=ML, outputs=["variable"],
                   coefficients=np.ravel(model.coef_).tolist(),
                   intercepts=np.ravel(model.intercept_).tolist(), **targets)
        export.output("variable", targets.get("targets", 1))
        comparison.compare(f"{type(model).__name__} {len(targets) + 1}", export, rows,
                           model.predict(rows.astype(float)))


def forests(comparison):
    from sklearn.ensemble import (ExtraTreesClassifier, RandomForestClassifier,
                                  RandomForestRegressor)
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
    train, rows = draw(5, N_TRAIN), draw(6, N_ROWS)
    for model, n_classes in ((DecisionTreeClassifier(max_depth=5), 2),
                             (DecisionTreeClassifier(max_depth=5), 4),
                             (RandomForestClassifier(10, max_depth=6), 2),
                             (RandomForestClassifier(20), 3), (ExtraTreesClassifier(20), 3)):
        model.random_state = 0
        model.fit(train, labels(train, n_classes))
        members = getattr(model, "estimators_", [model])
        trees = Trees("class")

        def weights_of(value):
            shares = value.ravel() / value.sum() / len(members)
            return {0: shares[1]} if n_classes == 2 else dict(enumerate(shares))
        for member in members:
            trees.add_sklearn(member.tree_, weights_of)
        export = Export()
        add_classifier(export, trees, list(range(n_classes)), "NONE", is_map=n_classes == 3)
        comparison.compare(f"{type(model).__name__} {n_classes}", export, rows,
                           model.predict_proba(rows))
    for model, n_targets in ((DecisionTreeRegressor(max_depth=7), 1),
                             (RandomForestRegressor(20, max_depth=7), 1),
                             (RandomForestRegressor(10, max_depth=5), 2)):
        y = target(train) if n_targets == 1 else np.stack([target(train), train[:, 0]], axis=1)
        model.random_state = 0
        model.fit(train, y)
        members = getattr(model, "estimators_", [model])
        trees = Trees("target")
        for member in members:
            trees.add_sklearn(member.tree_,
                              lambda value: dict(enumerate(value.ravel() / len(members))))
        export = Export()
        add_regressor(export, trees, n_targets=n_targets)
        comparison.compare(f"{type(model).__name__} {n_targets}", export, rows, model.predict(rows))


def boosting(comparison):
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
    train, rows = draw(7, N_TRAIN), draw(8, N_ROWS)
    for n_classes in (0, 2, 3):
        kind = GradientBoostingClassifier if n_classes else GradientBoostingRegressor
        model = kind(n_estimators=20, max_depth=3, random_state=0)
        model.fit(train, labels(train, n_classes) if n_classes else target(train))
        trees = Trees("class" if n_classes else "target")
        for stage in model.estimators_:
            for output, member in enumerate(stage):
                trees.add_sklearn(member.tree_, lambda value: {
                    output: value.ravel()[0] * model.learning_rate})
        base = model._raw_predict_init(rows[:1].astype(np.float32)).ravel()
        export = Export()
        if n_classes:
            add_classifier(export, trees, list(range(n_classes)),
                           "LOGISTIC" if n_classes == 2 else "SOFTMAX", base, n_classes == 3)
            expected = model.predict_proba(rows)
        else:
            add_regressor(export, trees, base)
            expected = model.predict(rows)
        comparison.compare(f"{kind.__name__} {n_classes}", export, rows, expected)


def histograms(comparison):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    train, rows = draw(9, N_TRAIN, missing=0.1), draw(10, N_ROWS, missing=0.1)
    for n_classes in (0, 2, 3):
        kind = HistGradientBoostingClassifier if n_classes else HistGradientBoostingRegressor
        model = kind(max_iter=15, max_leaf_nodes=12, random_state=0)
        model.fit(train, labels(train, n_classes) if n_classes else target(train))
        trees = Trees("class" if n_classes else "target")
        for stage in model._predictors:
            for output, member in enumerate(stage):
                for i, node in enumerate(member.nodes):
                    if node["is_leaf"]:
                        trees.add_leaf(i, {output: node["value"]})
                    else:
                        trees.add_node(i, "BRANCH_LEQ", node["feature_idx"],
                                       round_down(node["num_threshold"]), node["left"],
                                       node["right"], node["missing_go_to_left"])
                trees.end_tree()
        base = np.ravel(model._baseline_prediction)
        export = Export()
        if n_classes:
            add_classifier(export, trees, list(range(n_classes)),
                           "LOGISTIC" if n_classes == 2 else "SOFTMAX", base)
            expected = model.predict_proba(rows)
        else:
            add_regressor(export, trees, base)
            expected = model.predict(rows)
        comparison.compare(f"{kind.__name__} {n_classes}", export, rows, expected)


# ---- XGBoost ----

def add_xgboost(trees, booster, n_outputs):
    import json
    model = json.loads(booster.save_raw("json"))["learner"]
    for number, tree in enumerate(model["gradient_booster"]["model"]["trees"]):
        for i, left in enumerate(tree["left_children"]):
            if left == -1:
                trees.add_leaf(i, {number % n_outputs: tree["split_conditions"][i]})
            else:
                trees.add_node(i, "BRANCH_LT", tree["split_indices"][i],
                               tree["split_conditions"][i], left, tree["right_children"][i],
                               tree["default_left"][i])
        trees.end_tree()


def xgboost_models(comparison):
    import xgboost
    train, rows = draw(11, N_TRAIN, missing=0.1), draw(12, N_ROWS, missing=0.1)
    usual = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1, "random_state": 0}
    for n_classes, base_score in ((2, 0.5), (2, 0.2), (4, 0.5)):
        model = xgboost.XGBClassifier(base_score=base_score, **usual)
        model.fit(train, labels(train, n_classes))
        trees, export = Trees("class"), Export()
        add_xgboost(trees, model.get_booster(), 1 if n_classes == 2 else n_classes)
        base = [base_score] * n_classes
        if n_classes == 2:
            base = None if base_score == 0.5 else [np.log(base_score / (1 - base_score))]
        add_classifier(export, trees, list(range(n_classes)),
                       "LOGISTIC" if n_classes == 2 else "SOFTMAX", base)
        comparison.compare(f"XGBClassifier {n_classes} {base_score}", export, rows,
                           model.predict_proba(rows))
    for base_score in (0.5, 10.0):
        model = xgboost.XGBRegressor(base_score=base_score, **usual).fit(train, target(train))
        trees, export = Trees("target"), Export()
        add_xgboost(trees, model.get_booster(), 1)
        add_regressor(export, trees, [base_score])
        comparison.compare(f"XGBRegressor {base_score}", export, rows, model.predict(rows),
                           base_score)


KINDS = {"sklearn": (mlps, linear, forests, boosting, histograms), "xgboost": (xgboost_models,)}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")  # of training that was cut short
    comparison = Comparison()
    for compare in KINDS[sys.argv[1]]:
        compare(comparison)
    print(comparison.n_models, "models,", comparison.n_bad, "bad")
    sys.exit(comparison.n_bad != 0)


if __name__ == "__main__":
    main()
