"""Volcengine's speech 火山引擎豆包语音. Doubao as a language model is the house ``ark``.

Only ``wire.volcengine`` knows how a frame looks.
"""

from salon.providers.volcengine.house import house

__all__ = ["house"]
