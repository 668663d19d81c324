# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server, or a proxy before it, repeats what it was sent; texts that a terminal would obey."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import subprocess
import typing as t
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import ANSIBLE_ENVIRONMENT
from patience import LIMIT
from rogue_server import TOKEN, Seen, answer

from agentlab import ROOT
from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command import console
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError, UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.masking import (
    mask,
    mask_url_credentials,
    visible,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.settings import resolve
from ansible_collections.digitalrebar.provision.plugins.modules import drp_info

from .conftest import PASSWORD

MACHINE = "3e7031fe-0000-4000-8000-000000000001"
FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "repr": repr,
    "bytes": lambda text: repr(text.encode()),
    "json": json.dumps,
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "percent in lower case": lambda text: re.sub(
        "%..", lambda match: match.group().lower(), urllib.parse.quote(text, safe="")
    ),
    "form": urllib.parse.quote_plus,
    "html": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 with something before": lambda text: base64.b64encode(f"ann:{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"x{text}yz".encode()).decode(),
}


def told(secret: str, form: str) -> list[str]:
    """The parts of the secret in this form that must not be seen: most of it is as good as all."""
    text = FORMS[form](secret)
    return [text[4:-4]]


@pytest.mark.parametrize(
    "secret", [TOKEN, PASSWORD, "line\nbreak\tand 'quotes\"", "uml\u00e4ut \u2603 & <more>"]
)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_masked(secret: str, form: str) -> None:
    for text in (f"before {FORMS[form](secret)} after", {"a": [FORMS[form](secret)]}):
        shown = json.dumps(mask(text, {secret}), ensure_ascii=False)
        assert not any(part in shown for part in told(secret, form))
        assert "before" in shown or "a" in shown


def echoes(form: str) -> Callable[[Seen], list[bytes]]:
    """A server that puts the credentials of the request into its error."""

    def respond(request: Seen) -> list[bytes]:
        word, _space, credential = request.headers["Authorization"].partition(" ")
        if word == "Basic":
            credential = base64.b64decode(credential).decode().partition(":")[2]
        text = FORMS[form](credential)
        body = {"Type": text, "Key": text, "Model": text, "Messages": [f"no, {text}!"]}
        return [answer(body, f"409 {text}" if text.isascii() else "409 No", Location=text)]

    return respond


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("logins", [True, False])
def test_an_error_that_repeats_the_credentials(serve: t.Any, connect: t.Any, form: str, logins: bool) -> None:
    server = serve(echoes(form), logins=logins)
    with pytest.raises(DrpError) as caught:
        connect(server.url).get("machines", "one")
    text = f"{caught.value} {caught.value.as_dict()}"
    assert not any(part in text for part in told(TOKEN if logins else PASSWORD, form))
    assert "no, " in text


@pytest.mark.parametrize("form", ["raw", "repr", "percent", "base64"])
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "400 Bad", "502 Gone", "403 Forbidden"])
def test_no_result_of_a_task_holds_the_session(serve: t.Any, form: str, status: str) -> None:
    """Not even a good answer, and not the token before this one."""
    body = {"Type": "x", "Messages": [FORMS[form](TOKEN)], "Uuid": MACHINE, "Name": FORMS[form](TOKEN)}
    server = serve(lambda _request: [answer(body, status)])
    options = {"endpoint": server.url, "username": "ann", "password": PASSWORD, "token_cache": ""}
    spec = drp_info.SPEC["argument_spec"]
    given = {**{name: each.get("default") for name, each in spec.items()}, **options}
    given.update(kind="machines", name=MACHINE, request_timeout=5)
    result = runner.run(drp_info.run, given, environ={})
    assert bool(result.get("failed")) is (status not in ("200 OK", "404 Not Found")), result
    assert not any(part in json.dumps(result) for part in told(TOKEN, form))


@pytest.mark.parametrize("token", ["two\nlines", "a b", "sn\u2603w", "\x00", "tab\tin"])
def test_a_token_that_no_header_can_hold_is_not_shown(connect: t.Any, token: str) -> None:
    for given in (token, f"{token}-and-more"):
        with pytest.raises(UsageError, match="^CLIENT_ERROR: token: holds") as caught:
            connect("http://127.0.0.1:9", token=given)
        assert given not in str(caught.value)
        assert repr(given)[1:-1] not in str(caught.value)


@pytest.mark.parametrize("token", ["two\nlines", "", 7, None, {"a": 1}, "sn\u2603w"])
def test_a_login_that_brings_no_token(serve: t.Any, connect: t.Any, token: t.Any) -> None:
    server = serve(lambda _request: [answer({"Token": token})], logins=False)
    with pytest.raises(DrpError, match="not a token") as caught:
        connect(server.url).get("machines", "one")
    assert "two" not in str(caught.value)


# -- proxies and URLs


def test_the_password_of_a_proxy_is_not_told(connect: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in (
        "http://me:hush@127.0.0.1:9",
        "http://me:hush@[",
        "http://me:hush@h:port",
        "socks9://me:hush@h:1",
    ):
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy)
        client = connect("https://drp.example.com:8092", token="token")
        for ask in (lambda client: client.get("machines", "one"), lambda client: client.events()):
            with pytest.raises(DrpError) as caught:
                ask(client)
            assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hush@example.com/x",
        "see https://me:hush@example.com/x and ftp://hush@h",
        "https://me:hu@sh@example.com",
        "https://:hush@h",
    ],
)
def test_url_credentials(url: str) -> None:
    shown = mask_url_credentials({"source": [url]})["source"][0]
    assert "hush" not in shown
    assert "sh@" not in shown
    assert shown.startswith(url[:3])


@pytest.mark.parametrize("options", ["", "run_in: target"])
def test_url_credentials_are_not_in_invocation(tmp_path: Path, options: str) -> None:
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {
                    "digitalrebar.provision.drp_content": {
                        "endpoint": "http://127.0.0.1:9",
                        "token": "token",
                        "request_timeout": 1,
                        "src": "http://me:hush@127.0.0.1:9/pack.json",
                        **(dict([options.split(": ")]) if options else {}),
                    }
                }
            ],
        }
    ]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    command = [str(ROOT / ".venv/bin/ansible-playbook"), "-vvvv", str(tmp_path / "play.yml")]
    environment = {**os.environ, **ANSIBLE_ENVIRONMENT, "ANSIBLE_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment
    )
    assert "module_args" in done.stdout
    shown = done.stdout[done.stdout.index("fatal:") :]
    assert "hush" not in shown


# -- terminals

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\x00\r"


def test_no_escape_sequence_gets_through(serve: t.Any, connect: t.Any, capsys: t.Any) -> None:
    body = {"Type": ESCAPES, "Messages": [ESCAPES + "text\r\nmore"], "Key": ESCAPES, "Model": ESCAPES}
    server = serve(lambda _request: [answer(body, "409 Conflict")])
    with pytest.raises(DrpError) as caught:
        connect(server.url).get("machines", "one")
    console.print_error(caught.value)
    console.print_line(f"Machine {ESCAPES}")
    for text in (str(caught.value), repr(caught.value), "".join(capsys.readouterr())):
        assert not set(text) & set("\x1b\x07\x9b\u202e\x00\r")
        assert "owned" in text
    assert "text\nmore" in str(caught.value)


def test_what_is_shown_of_json_is_json() -> None:
    value = {"a": "\x1b[0m\x9b\u2028\ud800"}
    assert json.loads(visible(json.dumps(value, ensure_ascii=False))) == value


def test_a_number_of_megabytes_is_no_secret() -> None:
    assert resolve({"token": "t0ken-of-mine"}, {}).secrets == {"t0ken-of-mine"}
