"""iFlytek Spark 讯飞星火 over its WebSocket protocol. Only ``wire.spark`` knows how a frame looks."""

from salon.providers.spark.house import house

__all__ = ["house"]
