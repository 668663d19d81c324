# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies and bundles of an environment: the variables only, whoever's they are."""

from __future__ import annotations

import os
import typing as t
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events import channel
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.download import fetch
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.http.environment import (
    Environment,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry, Transport

PROXY = "http://ann:hunter2@proxy.example.com:3128"
NAMES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "Https_Proxy", "NO_PROXY", "no_proxy"]
NAMES += ["ALL_PROXY", "all_proxy", "REQUEST_METHOD", "PROXY", "_proxy", "HTTPS_PROXY_X"]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "http://a:1", "b:2", "GET"])))
def test_proxies_are_found_as_python_finds_them(environ: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", dict(sorted(environ.items())))  # Python goes by their order
        assert Environment.of().proxies() == urllib.request.getproxies_environment()
    assert Environment.of(environ) == Environment.of({**environ, "PATH": "/bin"})


@pytest.mark.parametrize(
    ("no_proxy", "url", "bypassed"),
    [
        ("", "https://drp.example.com:8092", False),
        ("*", "https://drp.example.com:8092", True),
        ("drp.example.com", "https://drp.example.com:8092", True),
        ("DRP.example.com:8092", "https://drp.example.com:8092", True),
        ("drp.example.com:443", "https://drp.example.com:8092", False),
        (".example.com", "https://drp.example.com:8092", True),
        ("a, example.com ,b", "https://drp.example.com:8092", True),
        ("ample.com", "https://drp.example.com:8092", False),
        ("192.0.2.7", "https://192.0.2.7:8092", True),
        ("192.0.2.0/24", "https://192.0.2.7:8092", True),
        ("192.0.2.0/29", "https://192.0.2.77:8092", False),
        ("2001:db8::/32,x/y", "https://[2001:db8::7]:8092", True),
        ("2001:db8::7", "https://[2001:db8::7]:8092", True),
        ("192.0.2.0/24", "https://drp.example.com", False),
    ],
)
def test_no_proxy(no_proxy: str, url: str, bypassed: bool) -> None:
    found = Environment.of({"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}).proxies_for(url)
    assert found.get("https") == (None if bypassed else PROXY)


def test_it_is_a_key_and_shows_no_password() -> None:
    first, second = (Environment.of({"HTTPS_PROXY": PROXY}) for _ in range(2))
    assert (first, hash(first)) == (second, hash(second))
    assert first != Environment.of({})
    assert "hunter2" not in repr(first)
    resolved = settings.resolve({"token": "t"}, {"HTTPS_PROXY": PROXY, "REQUESTS_CA_BUNDLE": "/b"})
    assert resolved != settings.resolve({"token": "t"}, {"HTTPS_PROXY": PROXY})
    assert resolved.environment.ca_bundle() == ("REQUESTS_CA_BUNDLE", "/b")
    assert "hunter2" not in repr(resolved)


@pytest.fixture
def no_system_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking the operating system for its proxies is an error; on macOS it would end a forked process."""

    def asked(*_args: t.Any, **_options: t.Any) -> t.NoReturn:
        raise AssertionError("the operating system was asked for its proxies")

    import requests

    for module in (urllib.request, requests.utils, requests.compat):
        for name in ("getproxies", "proxy_bypass"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, asked)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_system_settings")
def test_the_operating_system_is_never_asked(tmp_path: t.Any) -> None:
    """By no request, no redirect, no websocket and no download."""
    once = Retry(delays=(0,))
    transport = Transport("http://127.0.0.1:9", retry=once)
    with pytest.raises(Exception, match="Cannot reach"):
        transport.send("GET", "http://127.0.0.1:9/x", {})
    session = transport._session
    assert session.rebuild_proxies(t.cast(t.Any, None), {"https": "x"}) == {"https": "x"}
    connector = t.cast(t.Any, type("Client", (), {"transport": transport, "endpoint": transport.endpoint}))
    assert channel._through_proxy(connector, "127.0.0.1", 9, 1) is None
    with pytest.raises(Exception, match="127.0.0.1:9"):
        fetch("http://127.0.0.1:9/f", str(tmp_path / "f"), sleep=lambda _seconds: None)


@pytest.mark.usefixtures("no_system_settings")
def test_the_proxy_is_that_of_the_environment_that_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://of-the-process:1")
    given_environ = {"HTTPS_PROXY": "http://127.0.0.1:9"}
    connection = settings.resolve({"token": "t", "endpoint": "https://192.0.2.1:8092"}, given_environ)
    client = settings.connect(connection, Retry(delays=(0,)))
    assert client.transport._session.proxies["https"] == "http://127.0.0.1:9"
    with pytest.raises(OSError, match="refused"):
        channel._through_proxy(client, "192.0.2.1", 8092, 1)
    direct = settings.connect(settings.resolve({"token": "t", "endpoint": "https://192.0.2.1:8092"}, {}))
    assert not direct.transport._session.proxies
