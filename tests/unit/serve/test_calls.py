"""The calls of a process. What they do is in ``tests/session/test_calls.py``; here is who may find which."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from salon.base.errors import Refused
from salon.base.ids import counting
from salon.ports.observer import Observer
from salon.serve.calls import Calls
from salon.serve.gate import Caller
from salon.serve.limits import Limits


@pytest.mark.parametrize(
    ("name", "admin", "found"), [("alice", False, True), ("bob", False, False), ("bob", True, True)]
)
def test_a_call_is_found_by_who_made_it_and_by_admins(name: str, admin: bool, found: bool) -> None:
    nobody: Any = None
    calls = Calls(nobody, nobody, nobody, Observer(), counting())
    call: Any = SimpleNamespace(owner="alice")
    calls._calls["rtc_1"] = call
    caller = Caller(name, "key", Limits(), admin=admin)
    if found:
        assert calls.find("rtc_1", caller) is call
    else:
        with pytest.raises(Refused) as refused:
            calls.find("rtc_1", caller)
        assert (refused.value.status, refused.value.code) == (404, "call_not_found")
    with pytest.raises(Refused):
        calls.find("rtc_2", caller)
