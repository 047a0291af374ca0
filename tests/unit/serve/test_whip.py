"""WHIP and WHEP over HTTP, status by status."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from salon.serve.limits import Limits
from salon.session.live import LiveLimits
from salon.wire.whip import FRAGMENT, MAX_FRAGMENT, MAX_SDP, SDP, IceServer
from tests.fakes.broadcasting import ADMIN, ALICE, BOB, KEY, ORIGIN, Doors, bearer, doors, grant
from tests.fakes.media import offer_text

pytestmark = pytest.mark.usefixtures("wherever_sessions_live")

FRESH = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
RESTART = FRESH.replace("abcd", "efgh")


async def problem(response: ClientResponse) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = json.loads(await response.text())
    assert set(body) == {"title", "status", "detail", "code"} and body["detail"]
    assert body["status"] == response.status
    return response.status, body["code"]


async def patch(
    there: Doors, location: str, body: str = FRESH, token: str = ALICE, type: str = FRAGMENT, **headers: str
) -> ClientResponse:
    wanted = {name.replace("_", "-"): value for name, value in headers.items()}
    return await there.http.patch(location, data=body, headers={"content-type": type, **bearer(token), **wanted})


class TestPublishing:
    async def test_is_created(self) -> None:
        async with doors(ice=[IceServer(urls=("stun:s",)), IceServer(urls=("turn:t",))]) as there:
            response = await there.publish()
            assert response.status == 201
            assert response.headers["content-type"] == SDP
            assert response.headers["location"] == f"/whip/studio/{there.session}"
            assert response.headers["etag"] == '"peer0-1"'
            assert response.headers["accept-patch"] == FRAGMENT
            stun, turn = response.headers.getall("link")
            assert stun == '<stun:s>; rel="ice-server"'
            assert turn.startswith('<turn:t>; rel="ice-server"; username="1800003600:alice"; credential="')
            assert (await response.text()).startswith("v=0")
            assert ("connected", "whip") in there.observer.seen

    @pytest.mark.parametrize("token", [KEY, ADMIN])
    async def test_is_for_keys(self, token: str) -> None:
        async with doors() as there:
            assert (await there.publish("anything", token)).status == 201

    async def test_is_for_everybody_without_keys(self) -> None:
        async with doors(open=True) as there:
            assert (await there.publish("anything", "")).status == 201
            there.peer.send()
            assert (await there.watch("anything", "")).status == 201

    async def test_needs_a_credential_and_the_right_one(self) -> None:
        async with doors() as there:
            nobody = await there.publish(token="")
            assert await problem(nobody) == (401, "invalid_api_key")
            assert nobody.headers["www-authenticate"].startswith("Bearer")
            assert await problem(await there.publish(token=grant("eve", [], ["*"]))) == (
                403,
                "insufficient_permissions",
            )
            assert await problem(await there.publish("alicia", ALICE)) == (403, "insufficient_permissions")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ("", 400, "invalid_sdp"),
            ("hello", 400, "invalid_sdp"),
            (b"\xff\xfe", 400, "invalid_sdp"),
            ("x" * (MAX_SDP + 1), 413, "body_too_large"),
            (offer_text(ufrag=""), 400, "invalid_sdp"),
            (offer_text("recvonly"), 422, "unsupported_offer"),
            (offer_text(kinds=("video", "video")), 422, "unsupported_offer"),
            (offer_text(video="NOTHING"), 422, "codec_mismatch"),
        ],
    )
    async def test_needs_an_offer(self, body: str | bytes, status: int, code: str) -> None:
        async with doors() as there:
            assert await problem(await there.post("/whip/studio", body)) == (status, code)
            assert len(there.live) == 0
            assert there.gate.connections == 0

    async def test_takes_sdp_only(self) -> None:
        async with doors() as there:
            response = await there.post("/whip/studio", offer_text(), **{"content-type": "application/json"})
            assert await problem(response) == (415, "unsupported_media_type")
            assert response.headers["accept-post"] == SDP

    @pytest.mark.parametrize("room", ["events", "a%20b", "x" * 129])
    async def test_needs_a_name(self, room: str) -> None:
        async with doors() as there:
            assert await problem(await there.publish(room, KEY)) == (400, "invalid_value")

    async def test_under_a_name_that_is_taken(self) -> None:
        async with doors() as there:
            await there.go_live()
            response = await there.publish(token=BOB)
            assert await problem(response) == (409, "broadcast_taken")
            assert response.headers["retry-after"] == "30"
            assert (await there.publish()).status == 201

    async def test_past_a_limit(self) -> None:
        async with doors(live_limits=LiveLimits(broadcasts=1)) as there:
            await there.go_live()
            response = await there.publish("alice-2")
            assert await problem(response) == (503, "over_capacity")
            assert response.headers["retry-after"] == "10"
        async with doors(limits=Limits(connections=1)) as there:
            await there.go_live()
            response = await there.publish("alice-2")
            assert await problem(response) == (429, "rate_limit_exceeded")
            assert "retry-after" in response.headers

    async def test_while_the_server_stops(self) -> None:
        async with doors() as there:
            first = await there.go_live()
            there.gate.draining = True
            assert await problem(await there.publish()) == (503, "server_draining")
            assert (await there.http.delete(first.headers["location"], headers=bearer(ALICE))).status == 200


class TestWatching:
    async def test_is_created(self) -> None:
        async with doors() as there:
            await there.go_live()
            response = await there.watch()
            assert response.status == 201
            assert response.headers["location"] == f"/whep/studio/{there.session}"
            assert response.headers["accept-patch"] == f"{FRAGMENT}, {SDP}"

    async def test_where_nothing_is_live(self) -> None:
        async with doors() as there:
            response = await there.watch()
            assert await problem(response) == (409, "broadcast_not_live")
            assert response.headers["retry-after"] == "2"

    async def test_is_another_right_than_publishing(self) -> None:
        async with doors() as there:
            await there.go_live("alice-1")
            assert await problem(await there.watch("alice-1", BOB)) == (403, "insufficient_permissions")
            assert await problem(await there.watch("alice-1", grant("eve", ["*"]))) == (403, "insufficient_permissions")

    @pytest.mark.parametrize("body", ["", offer_text("recvonly", video="VP9")])
    async def test_gets_an_offer_where_its_own_does_not_fit(self, body: str) -> None:
        async with doors() as there:
            await there.go_live()
            response = await there.post("/whep/studio", body, BOB)
            assert response.status == 406
            assert response.headers["content-type"] == ('application/sdp; valid-until="Fri, 15 Jan 2027 08:00:30 GMT"')
            location = response.headers["location"]
            assert "offer" in await response.text()
            answered = await patch(there, location, offer_text("recvonly"), BOB, SDP)
            assert (answered.status, await answered.text()) == (204, "")
            assert there.peer.answers
            again = await patch(there, location, offer_text("recvonly"), BOB, SDP)
            assert await problem(again) == (422, "renegotiation_unsupported")

    async def test_an_answer_that_is_none(self) -> None:
        async with doors() as there:
            await there.go_live()
            location = (await there.post("/whep/studio", "", BOB)).headers["location"]
            assert await problem(await patch(there, location, "hello", BOB, SDP)) == (400, "invalid_sdp")
            early = await patch(there, location, RESTART, BOB, if_match="*")
            assert await problem(early) == (422, "ice_restart_failed")
            assert (await patch(there, location, offer_text("recvonly"), BOB, SDP)).status == 204


class TestIce:
    async def test_candidates_change_nothing(self) -> None:
        async with doors() as there:
            created = await there.publish()
            response = await patch(there, created.headers["location"], if_match=created.headers["etag"])
            assert (response.status, await response.text()) == (204, "")
            assert "etag" not in response.headers

    async def test_a_restart_gets_new_credentials_and_a_new_tag(self) -> None:
        async with doors() as there:
            created = await there.publish()
            location, tag = created.headers["location"], created.headers["etag"]
            response = await patch(there, location, RESTART, if_match="*")
            assert response.status == 200
            assert response.headers["content-type"] == FRAGMENT
            assert response.headers["etag"] not in ("", tag)
            assert "ice-ufrag:ours" in await response.text()
            assert await problem(await patch(there, location, RESTART, if_match=tag)) == (412, "ice_session_changed")
            assert (await patch(there, location, RESTART, if_match=response.headers["etag"])).status == 204

    async def test_a_restart_that_fails_ends_nothing(self) -> None:
        async with doors() as there:
            created = await there.publish()
            location = created.headers["location"]
            unlucky = FRESH.replace("abcd", "unlucky")
            assert await problem(await patch(there, location, unlucky, if_match="*")) == (422, "ice_restart_failed")
            assert (await patch(there, location, if_match=created.headers["etag"])).status == 204

    @pytest.mark.parametrize(
        ("body", "headers", "status", "code"),
        [
            (FRESH, {}, 428, "precondition_required"),
            (FRESH, {"if_match": '"stale"'}, 412, "ice_session_changed"),
            (FRESH, {"if_match": 'W/"peer0-1"'}, 412, "ice_session_changed"),
            ("hello", {"if_match": "*"}, 400, "invalid_sdp"),
            (FRESH, {"if_match": "*", "type": "text/plain"}, 415, "unsupported_media_type"),
            (offer_text(), {"type": SDP}, 415, "unsupported_media_type"),
            ("x" * (MAX_FRAGMENT + 1), {"if_match": "*"}, 413, "body_too_large"),
        ],
    )
    async def test_what_cannot_be_patched(self, body: str, headers: dict[str, Any], status: int, code: str) -> None:
        async with doors() as there:
            created = await there.publish()
            response = await patch(there, created.headers["location"], body, **headers)
            assert await problem(response) == (status, code)
            assert len(there.live) == 1

    async def test_a_flood_is_told_to_wait(self) -> None:
        async with doors(limits=Limits(messages_per_second=1)) as there:
            created = await there.publish()
            answers = [
                (await patch(there, created.headers["location"], if_match=created.headers["etag"])).status
                for _ in range(12)
            ]
            assert set(answers) == {204, 429}


class TestSessions:
    async def test_end_by_delete_whatever_the_tag(self) -> None:
        async with doors() as there:
            location = (await there.publish()).headers["location"]
            response = await there.http.delete(location, headers={"if-match": '"other"', **bearer(ALICE)})
            assert response.status == 200
            assert there.peer.reason == "deleted"
            assert there.gate.connections == 0
            assert ("disconnected", "whip", "1000") in there.observer.seen
            gone = await there.http.delete(location, headers=bearer(ALICE))
            assert await problem(gone) == (404, "session_not_found")

    async def test_are_their_owners(self) -> None:
        async with doors() as there:
            await there.go_live()
            location = (await there.watch(token=BOB)).headers["location"]
            eve = grant("eve", ["*"], ["*"])
            response = await there.http.delete(location, headers=bearer(eve))
            assert await problem(response) == (403, "insufficient_permissions")
            assert (await there.http.delete(location, headers=bearer(ADMIN))).status == 200

    async def test_are_found_at_their_own_place_only(self) -> None:
        async with doors() as there:
            await there.publish()
            here = there.session
            for path in (f"/whep/studio/{here}", f"/whip/other/{here}", f"/whip/studio/{here}9"):
                response = await there.http.delete(path, headers=bearer(ADMIN))
                assert await problem(response) == (404, "session_not_found")

    async def test_give_their_account_back_when_the_peer_is_gone(self) -> None:
        async with doors() as there:
            await there.publish()
            assert there.gate.connections == 1
            there.peer.close("vanished")
            await there.let_go()

    async def test_can_be_asked_for(self) -> None:
        async with doors() as there:
            location = (await there.publish()).headers["location"]
            response = await there.http.get(location, headers=bearer(ALICE))
            assert (response.status, await response.text()) == (200, "")
            assert response.headers["accept-patch"] == FRAGMENT


class TestEndpoints:
    @pytest.mark.parametrize("path", ["/whip/studio", "/whep/studio"])
    async def test_say_what_they_are(self, path: str) -> None:
        async with doors() as there:
            for method in ("GET", "HEAD"):
                response = await there.http.request(method, path)
                assert (response.status, await response.text()) == (200, "")
                assert response.headers["content-type"] == SDP
            options = await there.http.options(path)
            assert (options.status, options.headers["accept-post"]) == (200, SDP)
            assert "link" not in options.headers
            assert (await there.http.put(path)).status == 405

    async def test_tell_early_askers_of_ice_servers(self) -> None:
        async with doors(ice=[IceServer(urls=("turn:t",))]) as there:
            options = await there.http.options("/whip/studio", headers=bearer(ALICE))
            assert options.headers["link"].startswith("<turn:t>")

    async def test_answer_pages_of_other_sites(self) -> None:
        async with doors(ice=[IceServer(urls=("turn:t",))]) as there:
            preflight = await there.http.options(
                "/whip/studio",
                headers={
                    "origin": ORIGIN,
                    "access-control-request-method": "POST",
                    "access-control-request-headers": "authorization,content-type",
                },
            )
            assert preflight.status == 200
            assert preflight.headers["accept-post"] == SDP
            assert preflight.headers["access-control-allow-origin"] == ORIGIN
            assert preflight.headers["access-control-allow-headers"] == "authorization,content-type"
            assert "PATCH" in preflight.headers["access-control-allow-methods"]
            assert "link" not in preflight.headers
            response = await there.post("/whip/studio", offer_text(), origin=ORIGIN)
            exposed = response.headers["access-control-expose-headers"]
            assert {"Location", "ETag", "Link"} <= set(exposed.split(", "))
            foreign = await there.post("/whip/studio", offer_text(), origin="https://evil.example")
            assert await problem(foreign) == (403, "origin_not_allowed")
