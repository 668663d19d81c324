# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server, or a proxy before it, that means harm to the event source."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import hostile
import pytest
from aiohttp import web
from eda_server import Listening, Server, serving, until
from patience import LIMIT

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    COMMON_WORDS,
    presentable,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import masking

SECRET = "pa55word,for/attackers"
Respond = Callable[[web.Request], Awaitable["web.StreamResponse | None"]]


class Wicked(Server):
    """``respond`` answers before the server does; None leaves the answer to it."""

    respond: Respond | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        answer = await self.respond(request) if self.respond else None
        return await super().handle(request) if answer is None else answer


def against(test: Callable[[Wicked], Awaitable[None]]) -> None:
    async def run() -> None:
        async with serving(Wicked()) as server:
            await asyncio.wait_for(test(cast(Wicked, server)), LIMIT)

    asyncio.run(run())


@pytest.mark.parametrize("path", ["ws", "machines", "users/ann/token"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(caplog: pytest.LogCaptureFixture, path: str, status: int) -> None:
    async def test(server: Wicked) -> None:
        asked: list[str] = []

        async def redirecting(request: web.Request) -> web.StreamResponse | None:
            asked.append(request.path)
            if request.path == f"/api/v3/{path}":
                raise_to = f"{server.endpoint}/elsewhere?sig=hush"
                return web.Response(status=status, headers={"Location": raise_to})
            return None

        server.respond = redirecting
        listening = Listening(server, username="ann", password=SECRET, reconnect_delay=0.01)
        await until(lambda: "a redirect to" in caplog.text)
        assert "/elsewhere" not in asked
        await listening.stop()

    against(test)
    assert "hush" not in caplog.text


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_body_without_an_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(drp_events, "MAX_ANSWER_BYTES", 1 << 20)
    sent = 0

    async def test(server: Wicked) -> None:
        async def endless(request: web.Request) -> web.StreamResponse | None:
            nonlocal sent
            if request.path != "/api/v3/machines":
                return None
            response = web.StreamResponse(status=status)
            await response.prepare(request)
            try:
                while sent < 256 << 20:
                    await response.write(b" " * (1 << 16))
                    sent += 1 << 16
            except OSError:
                pass
            return response

        server.respond = endless
        listening = Listening(server, reconnect_delay=0.01)
        signs = ("more than", "answered 500")
        await until(lambda: listening.task.done() or any(sign in caplog.text for sign in signs))
        listening.task.cancel()
        await asyncio.gather(listening.task, return_exceptions=True)

    against(test)
    assert sent < 256 << 20


def test_a_body_that_drips(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: Wicked) -> None:
        async def dripping(request: web.Request) -> web.StreamResponse | None:
            if request.path != "/api/v3/machines":
                return None
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(OSError):
                while True:
                    await response.write(b" ")
                    await asyncio.sleep(0.1)
            return response

        server.respond = dripping
        listening = Listening(server, reconnect_delay=0.01)
        await until(lambda: "too slowly" in caplog.text)
        await listening.stop()

    against(test)


def test_a_lost_acknowledgement_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drp_events, "TIMEOUT", 20.0)
    monkeypatch.setattr(drp_events, "REPEAT_AFTER", 0.1)

    async def test(server: Wicked) -> None:
        command, lost = server.command, []

        async def losing(socket: web.WebSocketResponse, text: str) -> None:
            if not lost:
                lost.append(text)
                return
            await command(socket, text)

        server.command = losing  # type: ignore[method-assign]
        listening = Listening(server)
        await listening.started()
        assert lost
        await listening.stop()

    against(test)


@pytest.mark.parametrize(
    "told",
    [
        SECRET,
        repr(SECRET),
        "pa55word%2Cfor%2Fattackers",
        "pa55word%2cfor%2fattackers",
        base64.b64encode(f"ann:{SECRET}".encode()).decode(),
        f"http://me:{SECRET}@proxy",
    ],
)
def test_no_form_of_a_secret_is_told(told: str) -> None:
    shown = presentable(f"no, {told}\x1b[2J!", {SECRET, "", "x"})
    assert told[8:-8] not in shown
    assert "\x1b" not in shown
    assert shown.startswith("no, ")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_password_of_a_proxy_is_not_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    async def test(server: Wicked) -> None:
        async def refusing(_request: web.Request) -> web.StreamResponse | None:
            return web.Response(status=407)

        server.respond = refusing
        monkeypatch.setenv(f"{scheme}_proxy", server.endpoint.replace("://", "://me:hush@"))
        monkeypatch.setenv("no_proxy", "")
        listening = Listening(server, endpoint=f"{scheme}://drp.example.com:8092", reconnect_delay=0.01)
        await until(lambda: "retrying in" in caplog.text or listening.task.done())
        listening.task.cancel()
        result: Any = await asyncio.gather(listening.task, return_exceptions=True)
        assert "hush" not in repr(result)

    against(test)
    assert "407" in caplog.text
    assert "hush" not in caplog.text


def test_a_password_that_is_a_word_of_any_message_leaves_messages_readable() -> None:
    assert COMMON_WORDS == masking.COMMON_WORDS
    text = "the endpoint refused the login of 'eda': unknown user or wrong password"
    assert presentable(text, COMMON_WORDS) == text
    assert masking.mask(text, COMMON_WORDS) == text


def test_no_event_holds_a_template() -> None:
    """A playbook takes events as extra variables, and templates in those are evaluated."""

    async def test(server: Wicked) -> None:
        listening = Listening(server, events=["*.*.*"])
        await listening.started()
        for text in hostile.TEXTS.values():
            item = {"Uuid": text, "Name": text, "Params": {"a": [text, {text: text}], **hostile.MAPS}}
            event = {"Type": "machines", "Action": text, "Key": text, "Principal": text, "Object": item}
            await server.sockets[-1].send_json(event)
            told = json.dumps(await listening.queue.get())
            while "Params" not in told:
                told = json.dumps(await listening.queue.get())
            assert not re.search(r"\{[{%#]", told)
        await listening.stop()

    against(test)


NO_ANSWERS = {
    "a list of texts": b'["web-1"]',
    "a list in a list": b"[[]]",
    "null in a list": b"[null]",
    "a map": b'{"Uuid": "m1"}',
    "a number for a key": b'[{"Uuid": 7, "Name": "web-1"}]',
    "a list for a name": b'[{"Uuid": "m1", "Name": ["web-1"]}]',
    "no number": b'[{"Uuid": "m1", "Meta": NaN}]',
    "beyond all numbers": b'[{"Uuid": "m1", "Meta": 1e999}]',
    "half a surrogate pair": b'[{"Uuid": "m1", "Name": "\\ud800"}]',
    "bytes that are no text": b'[{"Uuid": "\xff\xfe"}]',
    "nested too deeply": b"[" * 5000 + b"]" * 5000,
    "half of it": b'[{"Uuid": "m1"',
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_list_of_objects_is_asked_for_again(caplog: pytest.LogCaptureFixture, name: str) -> None:
    async def test(server: Wicked) -> None:
        asked = 0

        async def garbled(request: web.Request) -> web.StreamResponse | None:
            nonlocal asked
            if request.path != "/api/v3/machines":
                return None
            asked += 1
            if asked > 1:
                return None
            return web.Response(body=NO_ANSWERS[name], content_type="application/json")

        server.respond = garbled
        listening = Listening(server, reconnect_delay=0.01)
        await listening.started()
        assert asked > 1
        await listening.stop()

    against(test)
    assert "not of the DRP API" in caplog.text or "no objects" in caplog.text


@pytest.mark.parametrize("token", ["two\nlines", 7, None, ["x"], "sn\u2603w", "hush\x00"])
def test_a_login_that_brings_no_token(token: Any) -> None:
    async def test(server: Wicked) -> None:
        async def granting(request: web.Request) -> web.StreamResponse | None:
            return web.json_response({"Token": token}) if request.path.endswith("/token") else None

        server.respond = granting
        listening = Listening(server)
        await until(listening.task.done)
        told = str(listening.task.exception())
        assert "is not the API port of a DRP server" in told
        assert "hush" not in told

    against(test)


FRAMES = {
    "a number as type": {"Type": 7, "Action": "update", "Key": "m1", "Object": {}},
    "a list as action": {"Type": "machines", "Action": ["update"], "Key": "m1", "Object": {}},
    "a map as key": {"Type": "machines", "Action": "update", "Key": {"a": 1}, "Object": {}},
    "a list for a machine": {"Type": "jobs", "Action": "update", "Key": "j1", "Object": {"Machine": ["m1"]}},
    "a number as name": {"Type": "machines", "Action": "update", "Key": "m1", "Object": {"Name": 1}},
    "no type": {"Action": "update", "Key": "m1"},
    "a text": "update",
    "a list": ["machines", "update", "m1"],
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_that_is_no_event_ends_nothing(name: str) -> None:
    async def test(server: Wicked) -> None:
        listening = Listening(server, events=["machines.*.*", "jobs.*.*"])
        await listening.started()
        await server.sockets[-1].send_json(FRAMES[name])
        good = {"Type": "jobs", "Action": "update", "Key": "j9", "Object": {"Uuid": "j9", "Machine": "m1"}}

        async def repeat() -> dict[str, Any]:
            while True:
                for socket in server.sockets:
                    with contextlib.suppress(ConnectionError, RuntimeError):
                        await socket.send_json(good)
                with contextlib.suppress(asyncio.TimeoutError):
                    return await asyncio.wait_for(listening.queue.get(), 0.1)

        while (await repeat()).get("key") != "j9":
            pass
        assert not listening.task.done()
        await listening.stop()

    against(test)
