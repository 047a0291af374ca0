"""Halves of characters, which JSON can name and UTF-8 cannot carry."""

from __future__ import annotations

from typing import Any


def whole(value: Any) -> Any:
    """``value``, of dicts, lists and text, with halves joined where they stand side by side, and replaced where one stands
    alone (U+FFFD): a model that was cut inside an emoji has said half of it."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {whole(key): whole(each) for key, each in value.items()}
    return [whole(each) for each in value] if isinstance(value, list | tuple) else value
