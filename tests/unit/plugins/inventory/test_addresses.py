# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short way for plain IPv4 addresses says what the long way says."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.addresses import (
    has_this_host,
    is_address,
    is_other_host,
    is_this_host,
)


@given(st.ip_addresses(v=4))
def test_plain_addresses(address: ipaddress.IPv4Address) -> None:
    assert is_address(str(address))
    assert is_this_host(str(address)) is (address.is_loopback or address.is_unspecified)


@given(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){2,4}", fullmatch=True))
def test_what_looks_like_an_address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not is_address(text)
    else:
        assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.9.8.7",
        "0.0.0.0",
        "127.1",
        "0",
        "017700000001",
        "\uff11\uff12\uff17.0.0.1",
        "::1",
        "::",
    ],
)
def test_this_host(text: str) -> None:
    assert is_this_host(text)
    assert not is_other_host(text)
    assert has_this_host(["node-1", text])
    assert has_this_host([f"{text}.", "node-1"])


@pytest.mark.parametrize("text", ["10.0.0.1", "1270.0.0.1", "128.0.0.1", "0.0.0.1", "node-1.example.com"])
def test_other_hosts(text: str) -> None:
    assert not is_this_host(text)
    assert not has_this_host([text, "node-2"])


@given(
    st.lists(
        st.sampled_from(["localhost", "LocalHost.", "a.localhost", "localhost.b", "ip6-loopback", "loopback"])
        | st.sampled_from(["\uff4cocalhost", "1", "0", "10.1.2.3", "::1", "node", "locally", ""])
        | st.text(max_size=4)
    )
)
def test_many_at_once(texts: list[str]) -> None:
    assert has_this_host(texts) is any(map(is_this_host, texts))
