"""A look at a server that may run on this machine: is it there, and what does it serve?"""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlsplit

import msgspec

# Seconds that start-up may lose by it.
PATIENCE = 0.3
MOST_READ = 1024 * 1024
# What these make of text is no answer.
NO_CHAT = re.compile(r"embed|minilm|\bbge\b|bge-|rerank|whisper|-tts", re.IGNORECASE)


class _Model(msgspec.Struct):
    id: str
    created: float = 0


class _Models(msgspec.Struct):
    data: list[_Model] | None = None


def newest_chat_model(base_url: str) -> str | None:
    """The newest model in ``GET {base_url}/models``, or None where nobody answers in time. Plain HTTP only."""
    parts = urlsplit(base_url)
    if parts.scheme != "http" or not parts.hostname:
        return None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", f"{parts.path}/models")
        response = connection.getresponse()
        listing = msgspec.json.decode(response.read(MOST_READ), type=_Models)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    finally:
        connection.close()
    models = [model for model in listing.data or () if not NO_CHAT.search(model.id)]
    return max(models, key=lambda model: model.created).id if models else None
