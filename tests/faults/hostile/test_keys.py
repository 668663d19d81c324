# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that lead to another object than they say, and what is shown of what comes back."""

from __future__ import annotations

import typing as t

import hostile
import pytest
from faults.conftest import Lab
from garbling.scenarios import module_result

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    NotFound,
    UnreadableAnswer,
    UsageError,
)
from simulator.launch import PASSWORD, USERNAME


@pytest.fixture
def secrets(client: Client) -> list[str]:
    """What of a user is never to be seen."""
    return [client.create("users", {"Name": "victim"})["Secret"]]


def run(lab: Lab, module: str, **options: t.Any) -> dict[str, t.Any]:
    connection = {"endpoint": lab.simulator.endpoint, "username": USERNAME, "password": PASSWORD}
    return module_result(module, ca_path=lab.simulator.ca, token_cache="", **connection, **options)


@pytest.mark.parametrize("key", hostile.NO_KEYS)
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("drp_info", {"kind": "profiles"}),
        ("drp_wait", {"kind": "profiles", "until": [{"path": "Name", "exists": True}], "timeout": 2}),
        ("drp_wait", {"kind": "machines", "until": [{"runnable": True}], "timeout": 2}),
        ("drp_object", {"kind": "profiles", "spec": {"Description": "changed"}}),
        ("drp_object", {"kind": "profiles", "state": "absent"}),
        ("drp_action_info", {"kind": "machines"}),
        ("drp_job_info", {}),
    ],
)
def test_no_key_reads_another_kind(
    lab: Lab, secrets: list[str], key: str, module: str, options: dict[str, t.Any]
) -> None:
    result = run(lab, module, **options, id=key)
    told = repr(result)
    assert not any(secret in told for secret in secrets)
    assert result["failed"]
    assert "must not have . or .. between its slashes" in result["msg"]
    assert lab.client().find("users", "victim") is not None


@pytest.mark.parametrize("verb", ["get", "find", "exists", "delete", "get_for_patch"])
@pytest.mark.parametrize("key", hostile.NO_KEYS)
def test_no_verb_of_the_client_takes_them(client: Client, verb: str, key: str) -> None:
    try:
        found = getattr(client, verb)("profiles", key)
    except (UsageError, NotFound):
        return
    assert not found


def test_what_lies_below_an_object_is_no_object(client: Client) -> None:
    uuid = client.create("machines", {"Name": "web-1"})["Uuid"]
    asked = client.session.token()
    assert client.find("machines", f"{uuid}/params") is None
    assert client.find("users", f"{USERNAME}/token") is None
    assert client.session.token() == asked


def test_an_answer_of_another_kind_is_not_believed(client: Client, secrets: list[str]) -> None:
    request = client.req().get().url_for("machines", "x")
    request._url = client.url_for("users", "victim")  # as a proxy could have it
    with pytest.raises(UnreadableAnswer) as caught:
        request.do()
    assert not any(secret in str(caught.value) for secret in secrets)


@pytest.mark.parametrize("kind", ["profiles", "params", "machines", "things"])
def test_hashes_and_secrets_are_never_shown(kind: str) -> None:
    from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.show import (
        difference,
        masked,
    )

    item = {"Name": "victim", "Uuid": "x", "Id": "x", "PasswordHash": "planted-1", "Secret": "planted-2"}
    assert hostile.PLANTED not in repr((masked(kind, item), difference(kind, item, {})))
