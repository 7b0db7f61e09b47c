"""Writes trained weights as an ONNX graph with eight-bit weights, which onnxruntime reads without torch.

The graph is written node by node from the names of `network`, so that it holds nothing but what is needed: it takes `ids` and
`mask` (batch × tokens) and gives the scores of each token for what the network answers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from pipeline.train.network import HEADS, asked_of, buckets, epsilon_of, layers_of

LEAST_REACH = 0.01
"""A channel that was hardly ever used is not made louder than this."""


def graph(weights: dict[str, Any], order: str, reaches: Mapping[str, Any] | None = None) -> bytes:
    """The network as an ONNX model in 32-bit floats. `weights` are arrays by the names of `network`; `order` says what its
    answers stand for.

    Where it is known how far the inputs of a layer's last product reach from zero, each channel is divided by the root of that, and the
    weights multiplied by it: in floats the same, and much nearer to it in eight bits, of which one channel that reaches far takes most
    from all others (SmoothQuant, Xiao et al. 2023). The inputs of the other products are even enough: there it did harm.
    """
    width, epsilon = weights["words"].shape[1], epsilon_of(weights)
    nodes: list[Any] = []
    constants: list[Any] = []
    counter = iter(range(10_000))

    def constant(value: Any, name: str = "") -> str:
        name = name or f"constant{next(counter)}"
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}{next(counter)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def linear(x: str, name: str) -> str:
        matrix = weights[f"{name}.weight"].T
        if reaches and name in reaches:
            factors = np.sqrt(np.maximum(reaches[name], LEAST_REACH), dtype=np.float32)
            matrix = matrix * factors[:, None]
            x = node("Mul", x, constant(1 / factors, f"{name}.smoothing"))
        product = node("MatMul", x, constant(matrix, f"{name}.weight"))
        return node("Add", product, constant(weights[f"{name}.bias"], f"{name}.bias"))

    def normal(x: str, name: str) -> str:
        scale, shift = constant(weights[f"{name}.weight"], f"{name}.weight"), constant(weights[f"{name}.bias"], f"{name}.bias")
        return node("LayerNormalization", x, scale, shift, axis=-1, epsilon=epsilon)

    zero, one, minus = constant(np.array([0])), constant(np.array([1])), constant(np.float32(-1e4))
    length = node("Slice", node("Shape", "ids"), one, constant(np.array([2])))
    places = node("Slice", constant(weights["places"], "places"), zero, length, zero)
    x = normal(node("Add", node("Gather", constant(weights["words"], "words"), "ids"), places), "norm")
    hidden = node("Sub", constant(np.float32(1)), node("Cast", "mask", to=TensorProto.FLOAT))
    shield = node("Mul", node("Unsqueeze", hidden, constant(np.array([1, 2]))), minus)
    if "distances" in weights:
        # The buckets of all distances as bytes, cut to the length, and looked up: the biases themselves would weigh seven megabytes.
        table = constant(np.asarray(buckets(len(weights["places"])).numpy(), dtype=np.uint8), "buckets")
        ends = node("Concat", length, length, axis=0)
        near = node("Cast", node("Slice", table, constant(np.array([0, 0])), ends, constant(np.array([0, 1]))), to=TensorProto.INT64)
        biases = node("Gather", constant(np.asarray(weights["distances"]).T, "distances"), near, axis=1)
        shield = node("Add", shield, node("Unsqueeze", biases, zero))
    split, whole = constant(np.array([0, 0, HEADS, width // HEADS])), constant(np.array([0, 0, width]))
    scale = constant(np.float32((width // HEADS) ** -0.5))
    for layer in range(layers_of(weights)):
        query, key, value = (
            node("Transpose", node("Reshape", linear(x, f"{layer}.{name}"), split), perm=order)
            for name, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
        )
        attention = node("Softmax", node("Add", node("Mul", node("MatMul", query, key), scale), shield), axis=-1)
        mixed = node("Reshape", node("Transpose", node("MatMul", attention, value), perm=[0, 2, 1, 3]), whole)
        x = normal(node("Add", x, linear(mixed, f"{layer}.mixed")), f"{layer}.mixed.norm")
        wide = node("Gelu", linear(x, f"{layer}.wide"))
        x = normal(node("Add", x, linear(wide, f"{layer}.narrow")), f"{layer}.narrow.norm")
    outputs = []
    for head in asked_of(weights):
        nodes.append(helper.make_node("Identity", [linear(x, head)], [head]))
        outputs.append(helper.make_tensor_value_info(head, TensorProto.FLOAT, ["batch", "tokens", len(weights[f"{head}.bias"])]))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("ids", "mask")]
    model = helper.make_model(
        helper.make_graph(nodes, "tagger", inputs, outputs, constants), opset_imports=[helper.make_opsetid("", 20)], ir_version=10
    )
    helper.set_model_props(model, {"order": order})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def weights_of(model: bytes) -> dict[str, Any]:
    """The weights of a model that `graph` or `quantised` made, as arrays by the names of `network`; those in eight bits as near as they
    give them. Raises ValueError for what is no such model."""
    try:
        stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(model).graph.initializer}
    except Exception as error:  # whatever the reader of the format raises
        raise ValueError(f"no model: {error}") from error
    found = {}
    for name, value in stored.items():
        short = name.removesuffix("_quantized")
        if short != name:
            value = (value.astype(np.float32) - stored[f"{short}_zero_point"].astype(np.float32)) * stored[f"{short}_scale"]
        elif name.endswith(("_scale", "_zero_point", ".smoothing")) or name == "buckets" or name.startswith("constant"):
            continue
        if (smoothing := stored.get(f"{short.removesuffix('.weight')}.smoothing")) is not None and short.endswith(".weight"):
            value = value * smoothing[:, None]
        turned = short == "distances" or (short.endswith(".weight") and value.ndim == 2)
        found[short] = np.ascontiguousarray(value.T if turned else value)
    if "words" not in found:
        raise ValueError("no model of this program")
    return found


def quantised(model: bytes) -> bytes:
    """The same model with the weights of its products and its embeddings in eight bits, inputs quantised as they come."""
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        whole.write_bytes(model)
        quantize_dynamic(whole, small, weight_type=QuantType.QInt8, per_channel=True, extra_options={"MatMulConstBOnly": True})
        return small.read_bytes()
