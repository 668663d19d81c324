# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secure params: sealed, compared and kept out of sight, against v3.12 and v4."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings, third_party
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import Invalid, UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params, secure
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.bulk import Bulk
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome, converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.show import difference, masked
from simulator.launch import Simulator
from simulator.testing import Api

SECRET = "hush-hush 1f3b"
RIGHTS = {
    "writer": "list,get,create,update,delete,updateSecure,token",
    "outsider": "list,get,create,update,delete,token",
}

nacl = pytest.importorskip("nacl.public")


@pytest.fixture(params=["v3.12", pytest.param("v4", marks=pytest.mark.needs_v4)])
def server(request: pytest.FixtureRequest) -> Simulator:
    running: Simulator = request.getfixturevalue("simulator" if request.param == "v3.12" else "v4_simulator")
    running.reset()
    api = Api(running)
    for name, rest in (
        ("sec/text", {"Secure": True, "Schema": {"type": "string", "maxLength": 40}}),
        ("sec/map", {"Secure": True, "Schema": {"type": "object"}}),
        ("plain", {"Schema": {"type": "integer"}}),
    ):
        assert api("POST", "params", json={"Name": name, **rest}).status_code == 201
    return running


@pytest.fixture
def connect(server: Simulator) -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(key: str = f"{server.username}:{server.password}") -> Client:
        options = {"endpoint": server.endpoint, "key": key, "ca_path": server.ca, "token_cache": ""}
        made.append(settings.connect(settings.resolve(options)))
        made[-1].token()
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()


@pytest.fixture
def limited(connect: Callable[..., Client], server: Simulator) -> Callable[[str], Client]:
    """A client of somebody who may not do everything."""

    def make(role: str) -> Client:
        api = Api(server)
        claims = [{"scope": "*", "action": RIGHTS[role], "specific": "*"}]
        pack = {"meta": {"Name": role}, "sections": {"roles": {role: {"Name": role, "Claims": claims}}}}
        assert api("POST", "contents", json=pack).status_code == 201
        api("POST", "users", json={"Name": role, "Roles": [role]})
        api("PUT", f"users/{role}/password", json={"Password": "pw"})
        return connect(f"{role}:pw")

    return make


def profile(update_secure: str = "when_different", **values: Any) -> Resource:
    return Resource("profiles", {"Name": "p1", "Params": values}, update_secure=update_secure)


def clear(client: Client, key: str = "p1", kind: str = "profiles") -> dict[str, Any]:
    return params.get_all(client, kind, key, decode=True)


def told(outcome: Outcome) -> str:
    """All that is shown of an outcome, as one text."""
    sides = difference(outcome.resource.kind, outcome.before, outcome.planned)
    return json.dumps([sides, masked(outcome.resource.kind, outcome.item), outcome.warnings])


def requests(server: Simulator) -> list[str]:
    return [f"{line['method']} {line['path']}" for line in server.log()]


# -- sealing


@given(value=st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_only_the_private_key_opens_it(value: Any) -> None:
    private = nacl.PrivateKey.generate()
    public = base64.b64encode(bytes(private.public_key)).decode()
    sealed = secure.seal(value, public)
    assert secure.is_sealed(sealed)
    raw = {name: base64.b64decode(part) for name, part in sealed.items()}
    assert (len(raw["Key"]), len(raw["Nonce"])) == (32, 24)
    opened = nacl.Box(private, nacl.PublicKey(raw["Key"])).decrypt(raw["Payload"], raw["Nonce"])
    assert json.loads(opened) == value
    assert len(raw["Payload"]) == len(opened) + 16
    assert secure.seal(value, public) != sealed


@pytest.mark.parametrize("key", ["", "AAAA", "not base64", "A" * 44])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(UsageError, match="not the base64 of 32 bytes"):
        secure.seal(1, key)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(third_party.MISSING, "PyNaCl", "No module named 'nacl'")
    with pytest.raises(UsageError, match=r"pip install PyNaCl\) to set secure params"):
        secure.seal(1, "AAAA")


def test_the_server_opens_what_was_sealed(client: Client) -> None:
    client.create("profiles", {"Name": "p1"})
    sealed = secure.seal(SECRET, params.public_key(client, "profiles", "p1"))
    params.set(client, "profiles", "p1", "sec/text", sealed)
    assert clear(client) == {"sec/text": SECRET}
    assert params.get_all(client, "profiles", "p1") == {"sec/text": sealed}
    assert secure.unseal(client, "profiles", "p1", ["sec/text"]) == {"sec/text": SECRET}
    assert secure.unseal(client, "profiles", "p1", ["sec/text", "sec/map"]) == {"sec/text": SECRET}


def test_what_is_secure(client: Client) -> None:
    assert secure.secure_flags(client, ["sec/text", "plain", "nowhere"]) == {"sec/text": True, "plain": False}
    many = ["sec/map", "plain", *(f"x{number}" for number in range(9))]
    assert secure.secure_flags(client, many) == {"sec/map": True, "plain": False}


# -- converging


@pytest.mark.needs_counters
def test_a_life_of_a_secret(client: Client, server: Simulator) -> None:
    outcome = converge(client, profile(**{"sec/text": SECRET, "plain": 1}))
    assert (outcome.action, clear(client)) == ("created", {"sec/text": SECRET, "plain": 1})
    assert SECRET not in told(outcome)
    before = len(server.log())
    again = converge(client, profile(**{"sec/text": SECRET, "plain": 1}))
    assert again.action == "unchanged"
    assert requests(server)[before:] == ["GET profiles/p1", "GET profiles/p1/params/sec/text"]
    changed = converge(client, profile(**{"sec/text": "another " + SECRET}))
    assert (changed.action, clear(client)["sec/text"]) == ("updated", "another " + SECRET)
    assert difference("profiles", changed.before, changed.planned) == (
        {"Params": {"sec/text": "(hidden)"}},
        {"Params": {"sec/text": "(hidden, another value)"}},
    )
    gone = converge(client, profile(**{"sec/text": None}))
    assert (gone.action, clear(client)) == ("updated", {"plain": 1})


@pytest.mark.needs_counters
def test_several_secrets_at_once(client: Client, server: Simulator) -> None:
    values = {"sec/text": SECRET, "sec/map": {"user": "a", "keys": [1, SECRET]}}
    converge(client, profile(**values))
    before = len(server.log())
    assert converge(client, profile(**values)).action == "unchanged"
    assert requests(server)[before:] == ["GET profiles/p1", "GET profiles/p1/params"]
    outcome = converge(client, profile(**{**values, "sec/map": {"user": "b"}}))
    assert outcome.action == "updated"
    assert clear(client) == {"sec/text": SECRET, "sec/map": {"user": "b"}}
    assert outcome.resource.secrets >= {SECRET, "b"}


@pytest.mark.needs_counters
def test_no_request_more_where_nothing_is_secure(client: Client, server: Simulator) -> None:
    before = len(server.log())
    converge(client, profile(plain=1, other="x"))
    converge(client, profile(plain=2, other="x", third=True))
    assert requests(server)[before:] == [
        "GET profiles/p1", "POST profiles",
        "GET profiles/p1", "PATCH profiles/p1",
    ]  # fmt: skip


@pytest.mark.needs_counters
def test_what_is_learnt_is_remembered(client: Client, server: Simulator) -> None:
    converge(client, profile(**{"sec/text": SECRET}))
    before = len(server.log())
    converge(client, Resource("profiles", {"Name": "p2", "Params": {"sec/text": SECRET}}))
    assert requests(server)[before:] == [
        "GET profiles/p2", "POST profiles", "GET profiles/p2/pubkey", "PATCH profiles/p2"
    ]  # fmt: skip


def test_a_new_secret_of_an_object_that_is_there(client: Client) -> None:
    converge(client, profile(plain=1))
    outcome = converge(client, profile(**{"plain": 1, "sec/text": SECRET}))
    assert (outcome.action, clear(client)) == ("updated", {"plain": 1, "sec/text": SECRET})
    assert SECRET not in told(outcome)
    assert difference("profiles", outcome.before, outcome.planned)[1] == {"Params": {"sec/text": "(hidden)"}}


@pytest.mark.needs_counters
@pytest.mark.parametrize("there", [{}, {"plain": 1}, {"sec/text": "other"}])
def test_check_mode_sends_nothing_and_shows_nothing(
    client: Client, server: Simulator, there: dict[str, Any]
) -> None:
    if there:
        converge(client, profile(**there))
    client.param_security.clear()
    server.reset_stats()
    wanted = profile(**{"plain": 1, "sec/text": SECRET})
    checked = converge(client, wanted, check=True)
    assert server.stats()["writes"] == 0
    assert SECRET not in told(checked)
    assert SECRET in wanted.secrets
    done = converge(client, profile(**{"plain": 1, "sec/text": SECRET}))
    assert checked.action == done.action != "unchanged"
    assert difference("profiles", checked.before, checked.planned) == difference(
        "profiles", done.before, done.planned
    )
    assert converge(client, profile(**{"plain": 1, "sec/text": SECRET}), check=True).action == "unchanged"


def test_check_mode_knows_what_the_task_itself_would_define(client: Client) -> None:
    resources = [
        Resource("params", {"Name": "new/secret", "Secure": True}),
        profile(**{"new/secret": SECRET}),
    ]
    outcomes = Bulk(client, resources, check=True).run()
    assert [outcome.action for outcome in outcomes] == ["created", "created"]
    assert SECRET not in "".join(map(told, outcomes))


def test_a_wrong_value_is_refused_without_being_quoted(client: Client) -> None:
    wanted = profile(**{"sec/text": SECRET * 4})
    with pytest.raises(Invalid) as caught:
        converge(client, wanted)
    assert "sec/text" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET * 4 in wanted.secrets


def test_a_wrong_plain_value_is_quoted_as_ever(client: Client) -> None:
    with pytest.raises(Invalid, match="twelve"):
        converge(client, profile(plain="twelve"))


def test_a_secret_of_a_machine(client: Client) -> None:
    made = converge(client, Resource("machines", {"Name": "m1", "Params": {"sec/text": SECRET}}))
    assert made.item is not None
    assert clear(client, made.item["Uuid"], "machines") == {"sec/text": SECRET}


def test_a_value_that_the_user_has_sealed(client: Client) -> None:
    client.create("profiles", {"Name": "p1"})
    sealed = secure.seal(SECRET, params.public_key(client, "profiles", "p1"))
    assert converge(client, profile(**{"sec/text": sealed})).action == "updated"
    assert clear(client) == {"sec/text": SECRET}
    assert converge(client, profile(**{"sec/text": sealed})).action == "unchanged"


def test_a_param_that_is_not_secure_any_more(client: Client) -> None:
    converge(client, profile(**{"sec/text": SECRET}))
    converge(client, profile(**{"sec/text": None}))
    old, new = client.get_for_patch("params", "sec/text")
    client.patch_to("params", old, {**new, "Secure": False})
    assert converge(client, profile(**{"sec/text": "open"})).action == "updated"
    assert client.get("profiles", "p1")["Params"] == {"sec/text": "open"}


# -- without the claims


def test_whoever_may_not_read_leaves_it_as_it_is(client: Client, limited: Callable[[str], Client]) -> None:
    converge(client, profile(**{"sec/text": "first", "plain": 1}))
    writer = limited("writer")
    outcome = converge(writer, profile(**{"sec/text": SECRET, "plain": 1}))
    assert outcome.action == "unchanged"
    (warning,) = outcome.warnings
    assert "sec/text was left unchanged" in warning
    assert "getSecure on profiles" in warning
    assert clear(client)["sec/text"] == "first"
    outcome = converge(writer, profile(**{"sec/text": SECRET, "plain": 2}))
    assert (outcome.action, len(outcome.warnings)) == ("updated", 1)
    assert clear(client) == {"sec/text": "first", "plain": 2}


def test_whoever_may_not_read_can_have_it_written(client: Client, limited: Callable[[str], Client]) -> None:
    writer = limited("writer")
    assert converge(writer, profile(**{"sec/text": "first"})).action == "created"
    assert clear(client)["sec/text"] == "first"
    for _time in range(2):
        outcome = converge(writer, profile("always", **{"sec/text": SECRET}))
        assert (outcome.action, outcome.warnings) == ("updated", [])
        assert clear(client)["sec/text"] == SECRET
    outcome = converge(writer, profile("on_create", **{"sec/text": "third", "sec/map": {}}))
    assert (outcome.action, outcome.warnings) == ("updated", [])
    assert clear(client) == {"sec/text": SECRET, "sec/map": {}}


def test_whoever_may_not_seal_is_told_the_claim(client: Client, limited: Callable[[str], Client]) -> None:
    client.create("profiles", {"Name": "p1"})
    with pytest.raises(UsageError, match="claim updateSecure on profiles"):
        converge(limited("outsider"), profile(**{"sec/text": SECRET}))
