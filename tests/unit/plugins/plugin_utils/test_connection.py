# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of plugins as settings of the client."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.settings import connect
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.connection import (
    error_text,
    explicit_options,
    reporting,
    settings_of,
)

DEFAULTS = {"request_timeout": 300.0}


class Plugin:
    """A plugin whose options came from given places: ``option=(value, origin)``."""

    def __init__(self, **options: tuple[t.Any, str]) -> None:
        self._options = options

    def get_option_and_origin(self, option: str) -> tuple[t.Any, str]:
        return self._options.get(option, (DEFAULTS.get(option), "default"))


def test_only_what_somebody_set_is_explicit() -> None:
    plugin = Plugin(
        endpoint=("https://drp:8092", "Direct"),
        username=("ann", "var: drp_username"),
        key=("env:key", "env: RS_KEY"),
        token_cache=("", "Direct"),
    )
    assert explicit_options(plugin) == {
        "endpoint": "https://drp:8092",
        "username": "ann",
        "token_cache": "",
    }


def test_the_environment_counts_only_after_explicit_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RS_TOKEN", "of-the-environment")
    monkeypatch.setenv("RS_ENDPOINT", "https://env:8092")
    found_there = {"token": ("of-the-environment", "env: RS_TOKEN")}
    explicit = settings_of(Plugin(**found_there, key=("ann:secret", "Direct")))
    assert (explicit.username, explicit.password, explicit.token) == ("ann", "secret", "")
    assert explicit.endpoints == ("https://env:8092",)
    assert settings_of(Plugin(**found_there)).token == "of-the-environment"


def test_trust_of_the_environment_counts_only_without_an_explicit_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RS_KEY", "ann:secret")
    monkeypatch.setenv("RS_CERT_FINGERPRINT", "ab" * 32)
    monkeypatch.setenv("RS_VALIDATE_CERTS", "")
    found_there = {
        "cert_fingerprint": ("ab" * 32, "env: RS_CERT_FINGERPRINT"),
        "validate_certs": (False, "env: RS_VALIDATE_CERTS"),  # what Ansible makes of the empty text
    }
    trust = settings_of(Plugin(**found_there)).trust
    assert (trust.verify, trust.fingerprint) == (True, "ab" * 32)
    found_there["cert_fingerprint"] = ("cd" * 32, "var: drp_cert_fingerprint")
    assert settings_of(Plugin(**found_there)).trust.fingerprint == "cd" * 32


def test_credentials_in_the_call_hide_those_in_variables() -> None:
    by_variable = {
        "token": ("of-a-variable", "var: drp_token"),
        "endpoint": ("https://v", "var: drp_endpoint"),
    }
    assert explicit_options(Plugin(**by_variable, key=("ann:secret", "Direct"))) == {
        "endpoint": "https://v",
        "key": "ann:secret",
    }
    assert explicit_options(Plugin(**by_variable))["token"] == "of-a-variable"


def test_errors_name_the_options_that_decide_and_repeat_no_secret() -> None:
    client = connect(settings_of(Plugin(key=("ann:hunter2", "Direct"))))
    warned: list[str] = []
    client.session.warnings.append("listen")
    refused = errors.LoginRequired("ann may not log in with hunter2", type="AUTH", code=401)
    with pytest.raises(errors.LoginRequired), reporting(client, warned.append):
        raise refused
    assert error_text(refused) == "username, password, key, token: AUTH: ann may not log in with ********"
    assert warned == ["listen"]
    assert error_text(errors.ConnectionFailed("Cannot reach it")) == "endpoint: Cannot reach it"
    assert error_text(errors.UsageError("one", "two")) == "one; two"
    missing = errors.NotFound("Not Found", model="machines", key="web-1", type="GET", code=404)
    assert error_text(missing) == "GET: machines/web-1: Not Found"
