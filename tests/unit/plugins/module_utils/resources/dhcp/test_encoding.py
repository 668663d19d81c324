# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of DHCP options, in the forms that the server can send."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.dhcp.options import (
    CODES,
    code_of,
    code_value_pairs,
)

SEARCH = "1,97,7,101,120,97,109,112,108,101,0,1,98,7,101,120,97,109,112,108,101,0"
WRITTEN_ROUTES = ["10.0.0.0/8", "198.18.4.1", "0.0.0.0/0", "198.18.4.2", "192.0.2.128/25", "198.18.4.3"]
ROUTES = "8,10,198,18,4,1,0,198,18,4,2,25,192,0,2,128,198,18,4,3"


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("routers", "198.18.3.1, 198.18.3.2", "198.18.3.1,198.18.3.2"),
        ("ntp-servers", [" 198.18.3.3"], "198.18.3.3"),
        ("static_routes", ["192.0.2.1", "192.0.2.2"], "192.0.2.1,192.0.2.2"),
        ("broadcast-address", "192.0.2.255 ", "192.0.2.255"),
        ("domain-name", "lab.example.com", "lab.example.com"),
        ("host-name", 12, "12"),
        (67, "", ""),
        ("routers", "{{.Gateway}}", "{{.Gateway}}"),
        (121, ["{{.A}}", 1], "{{.A}},1"),
        ("ip-forwarding", True, "1"),
        ("ip-forwarding", "no", "0"),
        (19, 1, "1"),
        ("time-offset", -3600, "-3600"),
        ("interface-mtu", " 9000", "9000"),
        ("default-ip-ttl", 64.0, "64"),
        ("dhcp-lease-time", 2**32 - 1, "4294967295"),
        (53, "ofr", "ofr"),
        ("domain-search", ["a.example", "b.example."], SEARCH),
        ("domain-search", "a.example, b.example", SEARCH),
        ("domain-search", SEARCH, SEARCH),
        ("tftp-server-address", "198.18.4.1", "198,18,4,1"),
        (150, ["198.18.4.1", "198.18.4.2"], "198,18,4,1,198,18,4,2"),
        (150, "198,18,4,1", "198,18,4,1"),
        (
            121,
            ["10.0.0.0/8", "198.18.4.1", "0.0.0.0/0", "198.18.4.2", "192.0.2.128/25", "198.18.4.3"],
            ROUTES,
        ),
        ("vendor-encapsulated-options", "01:04:00:00:00:00", "1,4,0,0,0,0"),
        (43, "0x0104ff", "1,4,255"),
        (43, [1, 4, 255], "1,4,255"),
        (43, 7, "7"),
        (43, "string:text, and more", "string:text, and more"),
        (209, "pxe.cfg", "string:pxe.cfg"),
        ("wpad", "http://192.0.2.1/wpad.dat", "string:http://192.0.2.1/wpad.dat"),
    ],
)
def test_what_is_stored(name: t.Any, value: t.Any, stored: str) -> None:
    pairs = [{"Code": code_of(name), "Value": stored}]
    assert code_value_pairs({name: value}) == pairs
    assert code_value_pairs({pairs[0]["Code"]: stored}) == pairs


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("routers", "gateway", "'gateway' is not an IPv4 address"),
        ("routers", "198.18.3.1,", "'' is not an IPv4 address"),
        ("routers", ["192.0.2.1"] * 64, "must not have more than 63 addresses"),
        ("subnet-mask", ["192.0.2.1", "192.0.2.2"], "must be one IPv4 address"),
        ("static-routes", ["192.0.2.1"], "must be pairs of IPv4 addresses"),
        ("domain-name", "", "leave the option out"),
        ("domain-name", "x" * 256, "must not be longer than 255 bytes"),
        ("ip-forwarding", 2, "must be true or false"),
        ("interface-mtu", 65536, "must be a whole number from 0 to 65535"),
        ("interface-mtu", "0x10", "must be a whole number"),
        ("interface-mtu", [1, 2], "must be a whole number"),
        ("interface-mtu", True, "must be a whole number"),
        ("time-offset", 2**31, "must be a whole number from -2147483648"),
        (53, "offer", "must be one of dis, ofr"),
        ("domain-search", "a..b", "'a..b' is not a domain name"),
        ("domain-search", "x" * 64, "is not a domain name"),
        (150, "198.18.4.999", "is not an IPv4 address"),
        (150, "tftp", "must be a list of IPv4 addresses"),
        (121, ["10.0.0.0/8"], "each followed by its router"),
        (121, ["10.0.0.1/8", "192.0.2.1"], "'10.0.0.1/8' is not an IPv4 network"),
        (
            43,
            "text",
            "write its bytes as numbers (1,4,0,0) or in hexadecimal (01:04:00:00), or a text as string:",
        ),
        (43, "1,256", "write its bytes"),
        (43, ",".join(["1"] * 256), "must be 1 to 255 bytes, and is 256"),
        (43, {"a": 1}, "must be a string, a number, or a list"),
    ],
)
def test_what_cannot_be_sent_is_refused(name: t.Any, value: t.Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        code_value_pairs({name: value})
    assert str(refused.value).startswith(f"CLIENT_ERROR: options: {name}: ")
    assert message in str(refused.value)


def test_names_are_of_one_code_each() -> None:
    assert len(set(CODES.values())) == len(CODES)
