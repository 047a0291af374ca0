"""npm ``peerjs`` 1.5.5 in Chromium: what its users do with a server, and what its own server does not do for them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from salon.wire.token import Claims, SalonClaim, mint
from tests.conformance.peerjs.conftest import SECRET, Site, Tab

pytestmark = pytest.mark.conformance

HOW_TO = Path(__file__).parents[3] / "docs/how-to/peer-to-peer.md"


async def two(site: Site, **options: object) -> tuple[Tab, Tab]:
    """Ann and Bob, who both have come in."""
    ann, bob = await site.tab(), await site.tab()
    await ann.start("ann", **options)
    await bob.start("bob", **options)
    return ann, bob


async def connect(caller: Tab, called: Tab, dst: str, **options: object) -> None:
    await caller.run("([dst, options]) => talk(peer.connect(dst, options))", [dst, options])
    await caller.saw("data open")
    await called.saw("data open")


@pytest.mark.parametrize("path", ["/", "/peerjs"])
async def test_without_an_id_the_server_gives_one(site: Site, path: str) -> None:
    ann, bob = await site.tab(), await site.tab()
    await ann.start(path=path)
    bobs = await bob.start(path=path)
    assert re.fullmatch(r"peer_[0-9A-Za-z]{21}", bobs)
    await connect(ann, bob, bobs)
    await ann.run("connection.send('hello')")
    assert await bob.saw("data") == ["data", "hello"]


@pytest.mark.parametrize("serialization", ["binary", "json"])
async def test_data_both_ways(site: Site, serialization: str) -> None:
    ann, bob = await two(site)
    await connect(ann, bob, "bob", serialization=serialization, reliable=True, metadata={"name": "Ann 安"})
    assert await bob.run("connection.metadata") == {"name": "Ann 安"}
    said = {"text": "héllo 你好 🙂", "list": [1, 2.5, None, True]}
    await ann.run("(said) => connection.send(said)", said)
    assert await bob.saw("data") == ["data", said]
    await bob.run("connection.send(['back', 1])")
    assert await ann.saw("data") == ["data", ["back", 1]]
    if serialization == "binary":
        # Longer than one message of a data channel.
        await bob.run("connection.send(patterned(200_000))")
        summed = await ann.run("summary(patterned(200_000))")
        assert await ann.saw("data", summed) == ["data", summed]
    await ann.run("connection.close()")
    await bob.saw("data close")


async def test_a_call_with_sound_and_picture(site: Site) -> None:
    ann, bob = await two(site)
    await ann.run("camera().then((stream) => show(peer.call('bob', stream, { metadata: 'ring' })))")
    assert await bob.saw("call") == ["call", "ann", "ring"]
    for tab in (ann, bob):
        assert await tab.saw("picture", seconds=30) == ["picture", "audio,video", True]
        await tab.page.wait_for_function("received().then(({ audio, video }) => audio > 1000 && video > 1000)")
    await bob.run("call.close()")
    await ann.saw("call close")


async def test_an_id_that_is_taken(site: Site) -> None:
    ann, _ = await two(site)
    third = await site.tab()
    await third.start("ann", opened=False)
    assert (await third.saw("error"))[1] == "unavailable-id"
    await third.saw("close")
    assert await ann.run("peer.open")


async def test_nobody_is_there(site: Site) -> None:
    ann = await site.tab()
    await ann.start("ann")
    await ann.run("peer.connect('nobody'); peer.connect('bad@id')")
    await ann.saw("error", "peer-unavailable", "Could not connect to peer bad@id", seconds=2)
    await ann.saw("error", "peer-unavailable", "Could not connect to peer nobody")
    # One word each, however many candidates followed the offer.
    await ann.start("ann-again")
    assert await ann.count("error") == 2
    assert sum('"EXPIRE"' in frame for frame in ann.frames) == 2


async def test_one_who_comes_in_time_is_reached(site: Site) -> None:
    ann, bob = await site.tab(), await site.tab()
    await ann.start("ann")
    await ann.run("talk(peer.connect('bob'))")
    await bob.start("bob")
    await ann.saw("data open")
    await bob.saw("data open")


async def test_the_server_cuts_and_both_come_back(site: Site) -> None:
    ann, bob = await two(site)
    cleo = await site.tab()
    await cleo.start("cleo")
    await connect(cleo, bob, "bob")
    await connect(ann, bob, "bob")
    site.cut()
    for tab in (ann, bob):
        await tab.saw("error", "network")
        await tab.saw("disconnected")
        await tab.run("peer.reconnect()")
        await tab.saw("open", times=2)
    # What they had lasts, and there can be more.
    await ann.run("connection.send('still here')")
    await bob.saw("data", "still here")
    await bob.run("talk(peer.connect('ann'))")
    await bob.saw("data open", times=3)
    # Cleo does not, and after a while Bob is told so; of Ann nobody is told anything.
    await bob.saw("data close")
    assert [frame for frame in ann.frames + bob.frames if '"LEAVE"' in frame] == [
        '{"type":"LEAVE","src":"cleo","dst":"bob"}'
    ]


async def test_take_over_with_the_same_token(site: Site) -> None:
    ann, bob = await site.tab(), await site.tab()
    await ann.start("ann", token="of-ann")
    await bob.start("bob")
    await connect(ann, bob, "bob")
    again = await site.tab()
    await again.start("ann", token="of-ann")
    await ann.saw("disconnected")
    await connect(bob, again, "ann")
    await ann.run("connection.send('the old one lives on')")
    await bob.saw("data", "the old one lives on")


async def test_disconnecting_ends_no_connection(site: Site) -> None:
    ann, bob = await two(site)
    await connect(ann, bob, "bob")
    await ann.run("peer.disconnect()")
    await ann.saw("disconnected")
    await bob.run("connection.send('are you there?')")
    await ann.saw("data", "are you there?")
    await ann.run("peer.reconnect()")
    await ann.saw("open", times=2)
    assert not any('"LEAVE"' in frame for frame in bob.frames)


async def test_a_killed_page_leaves(site: Site) -> None:
    bob, ann = await site.tab(), await site.tab(apart=True)
    await ann.start("ann")
    await bob.start("bob")
    await connect(ann, bob, "bob")
    await site.kill(ann)
    await bob.saw("data close")
    assert '{"type":"LEAVE","src":"ann","dst":"bob"}' in bob.frames


async def test_a_closed_tab_leaves(site: Site) -> None:
    ann, bob = await two(site)
    await ann.run("camera().then((stream) => show(peer.call('bob', stream)))")
    await bob.saw("picture", seconds=30)
    await ann.page.close()
    await bob.saw("call close")
    assert '{"type":"LEAVE","src":"ann","dst":"bob"}' in bob.frames


async def test_a_hostile_client_harms_nobody(site: Site) -> None:
    ann, bob = await two(site)
    await connect(ann, bob, "bob")
    door = f"{site.at.ws}/peerjs?key=peerjs&version=1.5.5"
    async with open_socket(f"{door}&id=ann&token=guessed") as thief:
        assert json.loads(await thief.recv())["type"] == "ID-TAKEN"
    id = await ann.run("connection.connectionId")
    for junk in ("peace", b"\x00", '{"type":"OFFER","dst":"bob","payload":{"x":"' + "x" * 500_000 + '"}}'):
        async with open_socket(f"{door}&id=mallory&token=t") as mallory:
            for type in ("LEAVE", "ANSWER", "CANDIDATE"):
                payload = {"type": "data", "connectionId": id, "sdp": {"type": "answer", "sdp": "v=0"}, "candidate": {}}
                await mallory.send(json.dumps({"type": type, "src": "ann", "dst": "bob", "payload": payload}))
            for number in range(160):
                await mallory.send(
                    json.dumps({"type": "OFFER", "dst": f"nobody{number}", "payload": {"x": "x" * 1000}})
                )
                await mallory.send(json.dumps({"type": "CANDIDATE", "dst": "bob", "payload": {"connectionId": "dc_x"}}))
            await mallory.send(junk)
            with pytest.raises(ConnectionClosed):
                while True:
                    await mallory.recv()
    await bob.run("connection.send('as ever')")
    await ann.saw("data", "as ever")
    await bob.run("talk(peer.connect('ann'))")
    await bob.saw("data open", times=2)
    for tab in (ann, bob):
        assert await tab.count("error") == await tab.count("data close") == await tab.count("disconnected") == 0


def grant(sub: str, peer: str = "") -> str:
    return mint(Claims(sub=sub, salon=SalonClaim(peer=peer)), SECRET.encode())


async def test_ids_bound_by_tokens(closed_site: Site) -> None:
    ann, bob, eve = [await closed_site.tab() for _ in range(3)]
    await ann.start("ann", token=grant("ann"))
    await bob.start("bob-phone", token=grant("bob", "bob-phone"))
    await connect(ann, bob, "bob-phone")
    for number, token in enumerate((grant("eve"), "made-up", mint(Claims(sub="ann"), b"f" * 32)), 1):
        await eve.start("ann", token=token, opened=False)
        error = await eve.saw("error", times=number)
        assert error[1] == "server-error"
        assert error[2].startswith("Invalid token provided: ")
        assert token not in error[2]
    assert await ann.run("peer.open")


async def test_the_program_of_the_how_to(site: Site) -> None:
    found = re.search(r"```html\n(.*?)```", HOW_TO.read_text("utf-8"), re.S)
    assert found is not None
    assert 'host: "localhost", port: 8000' in found[1]
    html = found[1].replace('host: "localhost", port: 8000', f'host: "127.0.0.1", port: {site.at.port}')
    one, other = [(await site.tab(html=html)).page for _ in range(2)]
    await other.wait_for_function("document.getElementById('me').textContent")
    await one.fill("#id", await other.text_content("#me") or "")
    await one.click("#call")
    for page in (one, other):
        await page.wait_for_function("document.getElementById('there').videoWidth > 0", timeout=30_000)
    await one.wait_for_function("data.open")
    await one.fill("#say", "hello")
    await one.press("#say", "Enter")
    await other.wait_for_function("document.getElementById('log').textContent.includes('there: hello')")
    site.cut()
    await one.wait_for_function("peer.disconnected")
    await one.wait_for_function("peer.open", timeout=15_000)
