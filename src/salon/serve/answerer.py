"""Who answers, for the doors at which clients ask for a model by name."""

from __future__ import annotations

from salon.base.errors import ConfigError, Refused
from salon.serve.gate import Caller
from salon.session.hub import Hub, Part


def answerer(hub: Hub, caller: Caller, asked: str | None) -> tuple[Part, str]:
    """Who answers a caller that asks for the model ``asked``, and the name the client has for it. What a client secret was
    made for goes before. Raises ``Refused``: 404 for a model that is not known, 403 for an agent that is not granted."""
    model = (caller.secret.model if caller.secret else None) or asked
    try:
        part = hub.part(model)
    except ConfigError as error:
        raise Refused(error.message, status=404, code="model_not_found") from None
    if not caller.may_talk_with(part.agent.name):
        raise Refused(
            f"This token does not allow talking with '{part.agent.name}'.", status=403, code="insufficient_permissions"
        )
    return part, model or part.agent.name
