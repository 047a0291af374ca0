"""Who answers, for the doors at which clients ask for a model by name, and how their sessions begin."""

from __future__ import annotations

from salon.base.errors import ConfigError, Refused
from salon.base.session import Session, SessionPatch
from salon.serve.gate import Caller
from salon.session.hub import Hub, Part
from salon.turn import settings


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


def only_hears(caller: Caller, part: Part, given: SessionPatch | None, intent: str | None) -> bool:
    """Whether the session is one that hears and does not answer: the client says so, else the secret that it comes with, else
    the query's ``intent``. Raises ``Refused`` (400) where nobody could hear."""
    if given is None and caller.secret is not None:
        given = caller.secret.session
    hears = intent == "transcription" if given is None else given.type == "transcription"
    if hears and part.asr is None:
        raise Refused("This server has no speech recognition configured.", status=400, code="audio_not_configured")
    return hears


def preset(session: Session, caller: Caller, part: Part, given: SessionPatch | None = None) -> Session:
    """A new session, as the secret has it and then as the client does. Raises ``ClientError``."""
    speech, secret = part.tts is not None, caller.secret
    if secret is not None and secret.session is not None:
        session = settings.apply(session, secret.session, speech=speech, has_audio=False, locked=False)
    if given is not None:
        locked = secret is not None and secret.locked
        session = settings.apply(session, given, speech=speech, has_audio=False, locked=locked)
    return session
