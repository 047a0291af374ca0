from __future__ import annotations

import re

import pytest

from salon.base import errors
from salon.base.errors import (
    ClientError,
    ContentBlocked,
    ProviderError,
    RateLimited,
    Refused,
    SalonError,
    TimedOut,
)

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, SalonError)]


def parents(tree: str) -> dict[str, str]:
    """The tree that the docstring draws: each class with the one above it."""
    above: list[str] = []
    found: dict[str, str] = {}
    for branch, name in re.findall(r"^    ([│├└─ ]*)(\w+)", tree, re.M):
        depth = len(branch) // 4
        del above[depth:]
        if above:
            found[name] = above[-1]
        above.append(name)
    return found


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = parents(errors.__doc__ or "")
    assert drawn == {each.__name__: each.__bases__[0].__name__ for each in CLASSES if each is not SalonError}


def test_the_drawn_tree_says_what_is_retryable() -> None:
    said = re.findall(r"─ (\w+) .*?( not)? retryable$", errors.__doc__ or "", re.M)
    assert len(said) == 10
    assert {name: not negated for name, negated in said} == {name: getattr(errors, name).retryable for name, _ in said}


def test_every_house_error_has_a_code_of_its_own() -> None:
    codes = [each.code for each in CLASSES if issubclass(each, ProviderError) and each is not ProviderError]
    assert len(codes) == len(set(codes)) == 10


def test_one_error_may_differ_from_its_kind() -> None:
    error = ProviderError("Broken.", code="odd", retryable=True)
    assert (error.code, error.retryable, str(error), error.message) == ("odd", True, "Broken.", "Broken.")
    assert (ProviderError.code, ProviderError.retryable) == ("server_error", False)
    assert RateLimited("Slow down.", retryable=False).retryable is False


def test_a_client_learns_where_it_went_wrong() -> None:
    error = ClientError("No.", code="invalid_value", param="session.tools[0].name", event_id="event_7")
    assert (error.code, error.param, error.event_id) == ("invalid_value", "session.tools[0].name", "event_7")
    assert ClientError("No.").code == "invalid_event"


@pytest.mark.parametrize(("retry_after", "retryable"), [(None, False), (0, True), (3, True)])
def test_a_refusal_that_names_a_time_may_be_tried_again(retry_after: int | None, retryable: bool) -> None:
    assert Refused("Later.", status=503, code="server_full", retry_after=retry_after).retryable is retryable


def test_what_only_some_errors_know() -> None:
    assert TimedOut("Too slow.", phase="first_token", house="spark").phase == "first_token"
    assert ContentBlocked("Stopped.", withdraw=True).withdraw is True
    assert ContentBlocked("Stopped.", vendor_code=10013).vendor_code == 10013
