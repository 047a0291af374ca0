"""Settings for customer service."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from salon.app.config_section import Positive, Section


class Support(Section, frozen=True):
    """Customer service: visitors of your pages, the agent that answers first, the staff that takes over."""

    visitors: Annotated[
        bool,
        Meta(
            description="Whether visitors of this server's pages, and of those in `[server] origins`, may begin a conversation "
            "without a key. Each gets a token for a room of its own, so `[auth] token_secrets` is needed. A server without keys "
            "always lets them."
        ),
    ] = False
    visit_seconds: Annotated[Positive, Meta(description="How long a visitor's token holds.")] = 7 * 24 * 3600
