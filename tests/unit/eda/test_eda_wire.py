# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and connections of the event source: silent, slow and talkative servers, and credentials."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import web
from eda_server import JOB_EVENT, Listening, Server, against, serving, until
from patience import LIMIT

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    AccessRefused,
    Settings,
)

# ---- the connection -----------------------------------------------------------------------------------


def test_a_dead_peer_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: Server) -> None:
        server.autoping = False
        listening = Listening(server)
        await listening.started()
        await until(lambda: len(server.sockets) == 2)
        await listening.stop()

    against(test)
    assert "does not answer pings" in caplog.text


def test_a_quiet_peer_that_answers_pings_is_alive() -> None:
    async def test(server: Server) -> None:
        listening = Listening(server)
        await listening.started()
        await asyncio.sleep(1.5)  # several times each of our time-outs
        await server.sockets[0].send_json(JOB_EVENT)
        assert (await listening.queue.get())["key"] == "j1"
        assert len(server.sockets) == 1
        await listening.stop()

    against(test)


def test_acknowledgements_that_do_not_come(caplog: pytest.LogCaptureFixture) -> None:
    class Silent(Server):
        async def command(self, socket: web.WebSocketResponse, text: str) -> None:
            if len(self.sockets) > 1:
                await super().command(socket, text)

    async def run() -> None:
        async with serving(Silent()) as server:
            listening = Listening(server)
            await listening.started()
            assert len(server.sockets) == 2
            await listening.stop()

    asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert "did not acknowledge" in caplog.text


def test_a_websocket_that_ends_while_we_register(caplog: pytest.LogCaptureFixture) -> None:
    class Fickle(Server):
        async def command(self, socket: web.WebSocketResponse, text: str) -> None:
            if len(self.sockets) > 2:
                await super().command(socket, text)
            else:
                await socket.close(code=1011)

    async def run() -> None:
        async with serving(Fickle()) as server:
            listening = Listening(server)
            await listening.started()
            await listening.stop()

    asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert "the websocket" in caplog.text


def test_a_slow_answer_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(Server):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/indexes") and not self.asked("indexes"):
                self.requests.append(("GET", "indexes", "Bearer"))
                await asyncio.sleep(5)
            return await super().handle(request)

    async def run() -> None:
        async with serving(Slow()) as server:
            listening = Listening(server)
            await listening.started()
            await listening.stop()

    asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert "does not answer" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=503),
        web.Response(status=200, body=b"<html>starting</html>"),
        web.Response(status=200, body=b"[]"),
        web.Response(status=404),
    ],
)
def test_other_bad_answers_are_lived_through(answer: web.Response) -> None:
    async def test(server: Server) -> None:
        server.answers["indexes"] = answer
        listening = Listening(server)
        await until(lambda: server.asked("indexes") > 2)
        del server.answers["indexes"]
        await listening.started()
        await server.sockets[-1].send_json(JOB_EVENT)
        assert (await listening.queue.get())["key"] == "j1"
        await listening.stop()

    against(test)


def test_delays_grow_and_are_not_the_same_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
        await real_sleep(0)

    async def test(server: Server) -> None:
        server.answers["ws"] = web.Response(status=503)
        monkeypatch.setattr(drp_events.asyncio, "sleep", sleep)
        listening = Listening(server, reconnect_delay=1, reconnect_delay_max=8)
        while len(pauses) < 40:
            await real_sleep(0.005)
        await listening.stop()
        monkeypatch.undo()

    against(test)
    limits = [1.0, 2.0, 4.0] + [8.0] * 37
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, limits, strict=False))
    assert len({round(pause, 3) for pause in pauses[3:40]}) > 20


# ---- credentials --------------------------------------------------------------------------------------


def refusal(answers: dict[str, web.Response], **arguments: Any) -> str:
    texts: list[str] = []

    async def test(server: Server) -> None:
        server.answers.update(answers)
        with pytest.raises(AccessRefused) as caught:
            await Listening(server, **arguments).task
        texts.append(str(caught.value))

    against(test)
    return texts[0]


def test_refusals_at_the_start_end_the_source() -> None:
    denied = {"Type": "AUTH", "Messages": ["Cannot access /indexes", "Requires: indexes"], "Code": 403}
    body = json.dumps(denied).encode()
    assert "refused the login of 'eda'" in refusal({"users/eda/token": web.Response(status=403)})
    assert "refused the login of 'eda'" in refusal({"users/eda/token": web.Response(status=401)})
    for path in ("indexes", "ws"):
        assert "accepts the login of 'eda', but not the token" in refusal({path: web.Response(status=403)})
    assert "not the API port" in refusal({"users/eda/token": web.Response(status=404)})
    assert "not the API port" in refusal({"users/eda/token": web.Response(body=b"hello")})
    assert "Cannot access /indexes; Requires" in refusal({"indexes": web.Response(status=403, body=body)})
    assert refusal({}, username="", password="", token="old").startswith("token: http")
    info = {"info": web.Response(body=b'{"version": "v3.12.0"}')}
    refused = refusal(info, resync_kinds=["machines", "moons"])
    assert re.search(r"resync_kinds: .+ \(version v3\.12.*\) does not serve moons", refused)


def test_one_login_serves_all_requests() -> None:
    async def test(server: Server) -> None:
        listening = Listening(server)
        await listening.started()
        await server.sockets[0].close()
        await until(lambda: len(server.sockets) == 2)
        await listening.stop()
        assert server.asked("users/eda/token", "Basic") == 1
        assert server.asked("users/eda/token") == 0

    against(test)


def test_a_token_is_renewed_by_itself_and_a_dead_one_by_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drp_events, "TOKEN_LIFETIME", 0)

    async def test(server: Server) -> None:
        listening = Listening(server)
        await listening.started()
        assert server.asked("users/eda/token", "Basic") == 1
        assert server.asked("users/eda/token") >= 2
        server.good_tokens.clear()
        await server.sockets[0].close()
        await until(lambda: len(server.sockets) == 2)
        await listening.stop()
        assert server.asked("users/eda/token", "Basic") == 2

    against(test)


def test_later_refusals_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: Server) -> None:
        listening = Listening(server)
        await listening.started()
        server.good_tokens.clear()
        server.answers["users/eda/token"] = web.Response(status=403)
        await server.sockets[0].close()
        await until(lambda: "refused the login of 'eda'" in caplog.text)
        del server.answers["users/eda/token"]
        await until(lambda: len(server.sockets) == 2)
        await listening.stop()

    against(test)
    assert "secret" not in caplog.text


def test_no_netrc_file_speaks_for_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))

    async def test(server: Server) -> None:
        listening = Listening(server)
        await listening.started()
        await listening.stop()
        assert {scheme for _method, path, scheme in server.requests if not path.endswith("token")} == {
            "Bearer"
        }

    against(test)


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy:3128")
    monkeypatch.setenv("http_proxy", "http://other:8080")
    monkeypatch.setenv("no_proxy", "inside.example.com,127.0.0.1:8092")
    assert drp_events.proxy_for("https://drp.example.com:8092") == "http://proxy:3128"
    assert drp_events.proxy_for("http://drp.example.com:8092") == "http://other:8080"
    assert drp_events.proxy_for("https://inside.example.com:8092") is None
    assert drp_events.proxy_for("https://127.0.0.1:8092") is None


# ---- reading ------------------------------------------------------------------------------------------


def test_pages_find_everything_and_keep_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drp_events, "FIRST_PAGE_SIZE", 100)
    monkeypatch.setattr(drp_events, "PAGE_BYTES", 40_000)
    monkeypatch.setattr(drp_events, "PAGE_OVERLAP", 5)
    sizes: list[int] = []

    class Paged(Server):
        def listing(self, path: str, request: web.Request) -> web.Response:
            answer = super().listing(path, request)
            if path == "machines":
                sizes.append(len(answer.body))  # type: ignore[arg-type]
                del self.objects["machines"][:5]  # somebody deletes what was read
            return answer

    async def run() -> None:
        async with serving(Paged()) as server:
            every = [
                {"Uuid": f"u{number:04}", "Name": f"n{number}", "Pad": "x" * 60} for number in range(2000)
            ]
            server.objects["machines"] = list(every)
            server.objects["jobs"] = []
            settings = Settings({"token": "t", "endpoint": server.endpoint}, {})
            server.good_tokens.add("t")
            async with drp_events.aiohttp.ClientSession() as http:
                api = drp_events.Api(server.endpoint, settings, http)
                seen = [item["Uuid"] async for item in api.items("machines")]
            assert set(seen) == {item["Uuid"] for item in every}
            assert len(sizes) > 3
            assert max(sizes) < 44_000

    asyncio.run(asyncio.wait_for(run(), LIMIT))
