# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What environment variables say about the way to a server: proxies, and whose certificates to trust.

Only variables count, never the settings of the operating system: on macOS looking those up in a forked
process ends it.  They need not be those of this process: a task has an environment of its own.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import typing as t
import urllib.parse

_CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CGI_VARIABLE = "REQUEST_METHOD"
_PROXY = "_proxy"
_NO_PROXY = "no"


@dataclasses.dataclass(frozen=True)
class Environment:
    """The variables that matter, with their values.  Hashable, and shows no value: proxies have passwords."""

    variables: tuple[tuple[str, str], ...] = dataclasses.field(default=(), repr=False)

    @classmethod
    def of(cls, environ: t.Mapping[str, str] | None = None) -> Environment:
        """What ``environ`` says, or without it the environment of this process as it is now."""
        told = os.environ if environ is None else environ
        return cls(tuple(sorted((name, told[name]) for name in told if _matters(name))))

    def ca_bundle(self) -> tuple[str, str]:
        """The first variable that names a bundle of certificates, and its value; both empty without one."""
        told = dict(self.variables)
        return next(((name, told[name]) for name in _CA_BUNDLE_VARIABLES if told.get(name)), ("", ""))

    def proxies_for(self, url: str) -> dict[str, str]:
        """Scheme -> proxy for a server, as requests wants them; empty when it is reached without one."""
        proxies = self.proxies()
        return {} if _is_bypassed(url, proxies.get(_NO_PROXY, "")) else proxies

    def proxies(self) -> dict[str, str]:
        """What :func:`urllib.request.getproxies_environment` finds in an environment with these variables."""
        found: dict[str, str] = {}
        named = [(name, value) for name, value in self.variables if name.lower().endswith(_PROXY)]
        for name, value in named:
            if value:
                found[_scheme(name)] = value
        if any(name == _CGI_VARIABLE for name, _value in self.variables):
            found.pop("http", None)  # the client of a CGI script could have set it
        for name, value in named:
            if not name.endswith(_PROXY):
                continue
            if value:
                found[_scheme(name)] = value
            else:
                found.pop(_scheme(name), None)
        return found


def _matters(name: str) -> bool:
    return name in _CA_BUNDLE_VARIABLES or name == _CGI_VARIABLE or name.lower().endswith(_PROXY)


def _scheme(name: str) -> str:
    return name[: -len(_PROXY)].lower()


def _is_bypassed(url: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host of ``url``: by its name, a domain, an address, or a network."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if not host:
        return True
    rules = [rule.strip().lower() for rule in no_proxy.split(",")]
    if host in rules or any(_is_in_network(host, rule) for rule in rules if "/" in rule):
        return True
    if not no_proxy:
        return False
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # large, rarely needed

    address = f"{host}:{parts.port}" if parts.port else host
    return bool(proxy_bypass_environment(address, {_NO_PROXY: no_proxy}))


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
