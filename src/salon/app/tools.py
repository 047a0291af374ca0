"""Tools that come with Salon. An agent of the configuration takes one by its place: ``salon.app.tools:current_time``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from salon.app.clock import SystemClock
from salon.session.tools import tool


@tool
def current_time(zone: Annotated[str, "IANA name, such as Asia/Shanghai; empty is the server's own zone"] = "") -> str:
    """The date, weekday and time now in a time zone."""
    now = datetime.fromtimestamp(SystemClock().unix(), UTC)
    # An unknown name raises, and the model reads which one it was.
    return now.astimezone(ZoneInfo(zone) if zone else None).strftime("%A, %Y-%m-%d %H:%M:%S %Z (UTC%z)")
