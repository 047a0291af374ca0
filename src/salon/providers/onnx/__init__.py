"""Audio turn models in a file: Smart Turn and its kind, run by ONNX Runtime (the extra ``turn``).

May not happen here: a network, a model of ours, work on the event loop.
"""

from salon.providers.onnx.house import house

__all__ = ["house"]
