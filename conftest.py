"""Leaves out of the doctests the modules that need the extra "train", where it is not installed."""

from importlib.util import find_spec

NEED_TORCH = ("export", "learn", "network")

collect_ignore = [] if find_spec("torch") and find_spec("onnx") else [f"pipeline/train/{name}.py" for name in NEED_TORCH]
