# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens that end in the middle, and refusals that no login would help."""

from __future__ import annotations

import concurrent.futures
import json
import time
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    LoginRequired,
    NotPermitted,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.stream import EventStream
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import (
    CachedToken,
    TokenCache,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.bulk import Bulk
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource

pytestmark = pytest.mark.needs_faults

REFUSAL = {"Model": "profiles", "Key": "p", "Type": "PATCH", "Messages": ["Not allowed"], "Code": 403}


def profile(number: int = 0, **params: t.Any) -> Resource:
    return Resource("profiles", {"Name": f"p{number}", "Params": params})


def test_one_login_in_place_of_an_expired_token(client: Client, lab: t.Any) -> None:
    converge(client, profile())
    lab.simulator.expire_tokens()
    logins = lab.simulator.stats()["logins"]
    assert converge(client, profile(size=1)).action == "updated"
    assert converge(client, profile(size=1)).action == "unchanged"
    assert lab.simulator.stats()["logins"] == logins + 1


def test_between_the_read_and_the_write(client: Client, lab: t.Any) -> None:
    converge(client, profile())
    logins = lab.simulator.stats()["logins"]
    lab.simulator.fault("status", "^profiles/", "PATCH", status=403)
    outcome = converge(client, profile(size=1))
    assert (outcome.action, outcome.conflicts) == ("updated", 0)
    assert lab.simulator.stats()["logins"] == logins + 1
    assert lab.asked("PATCH", "profiles") == 2


def test_threads_that_share_a_client_log_in_once(client: Client, lab: t.Any) -> None:
    lab.simulator.expire_tokens()
    logins = lab.simulator.stats()["logins"]
    outcomes = Bulk(client, [profile(number) for number in range(40)]).run()
    assert {outcome.action for outcome in outcomes} == {"created"}
    assert lab.simulator.stats()["logins"] == logins + 1


def test_a_refusal_in_words_is_believed(client: Client, lab: t.Any) -> None:
    converge(client, profile())
    logins = lab.simulator.stats()["logins"]
    lab.simulator.fault(
        "status", "^profiles/", "PATCH", status=403, body=json.dumps(REFUSAL), content_type="application/json"
    )
    with pytest.raises(NotPermitted, match="Not allowed"):
        converge(client, profile(size=1))
    assert lab.simulator.stats()["logins"] == logins
    assert lab.asked("PATCH", "profiles") == 1


def test_a_server_that_refuses_every_token_is_asked_twice(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("status", "^profiles", times=0, status=403)
    with pytest.raises(LoginRequired):
        converge(client, profile())
    assert lab.asked("GET", "profiles") == 2


def request(client: Client) -> None:
    client.list("profiles")


def events(client: Client) -> None:
    with EventStream(client) as stream:
        stream.register("profiles.*.*")


@pytest.mark.parametrize("use", [request, events])
def test_a_server_that_forgets_all_tokens(
    client: Client, lab: t.Any, tmp_path: t.Any, use: t.Callable[[Client], None]
) -> None:
    """Ours is dead, and so is the younger one that another process has put into the cache."""
    lab.tokens = str(tmp_path / "tokens")
    first, second = lab.client(), lab.client()
    first.token()
    with lab.client(token_cache="") as apart:
        theirs = CachedToken(apart.token(), time.time(), time.time() + 600)
    TokenCache(lab.tokens, first.endpoint, first.session.username).store(theirs)
    assert second.token() == theirs.token != first.token()
    lab.simulator.expire_tokens()
    logins = lab.simulator.stats()["logins"]
    use(first)
    use(second)
    assert lab.simulator.stats()["logins"] == logins + 1


def test_clients_with_one_cache_share_the_new_login(client: Client, lab: t.Any, tmp_path: t.Any) -> None:
    lab.tokens = str(tmp_path / "tokens")
    clients = [lab.client() for _number in range(20)]
    for other in clients:
        other.token()
    lab.simulator.expire_tokens()
    logins = lab.simulator.stats()["logins"]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        outcomes = list(
            pool.map(lambda pair: converge(pair[0], profile(pair[1])), zip(clients, range(20), strict=True))
        )
    assert {outcome.action for outcome in outcomes} == {"created"}
    assert lab.simulator.stats()["logins"] - logins == 1
