"""``POST /v1/realtime/calls``: an offer, with or without a session, in the three bodies that clients send."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from typing import Any

import msgspec

from salon.base.errors import ClientError

SDP = "application/sdp"
MAX_BODY = 512 * 1024
MAX_PARTS = 8


def read(content_type: str, body: bytes) -> tuple[str, Any]:
    """The offer, and the session as parsed JSON or None. Raises ``ClientError``.

    ``application/sdp`` is the offer itself; ``multipart/form-data`` has the parts ``sdp`` and ``session``, typed or as the plain
    fields that a browser's FormData makes of them; ``application/json`` the same two keys.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        parts = _parts(content_type, body)
        sdp, session = parts.get("sdp"), parts.get("session")
        found = None if session is None else _json(session, "session")
    elif kind == "application/json":
        whole = _json(body, "body")
        whole = whole if isinstance(whole, dict) else {}
        sdp, found = whole.get("sdp"), whole.get("session")
        sdp = sdp.encode("utf-8", "replace") if isinstance(sdp, str) else None
    elif kind in (SDP, ""):
        sdp, found = body, None
    else:
        raise ClientError(
            "Unsupported content type. Supported are 'application/sdp', 'multipart/form-data' and 'application/json'.",
            code="unsupported_content_type",
        )
    offer = (sdp or b"").decode("utf-8", "replace")
    if not offer.strip():
        raise ClientError("Missing required parameter: 'sdp'.", code="missing_required_parameter", param="sdp")
    return offer, found


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    try:
        message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
        parts = list(message.iter_parts())[:MAX_PARTS]
        found = {}
        for part in parts:
            name = part.get_param("name", header="content-disposition")
            payload = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(payload, bytes):
                found[name] = payload
        return found
    except Exception:
        # The parser of e-mail raises whatever comes up in it for what is no message at all.
        raise ClientError("The body is not multipart/form-data.", code="invalid_multipart") from None


def _json(raw: bytes, param: str) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ClientError(f"Invalid '{param}': it is not JSON.", code="invalid_json", param=param) from None
