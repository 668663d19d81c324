# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a v4 server can do: used there, and refused on this side where a server is older."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from patience import NEVER

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    Conflict,
    Invalid,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import (
    etags,
    pools,
    users,
)
from simulator.launch import Simulator


def client_of(server: Simulator) -> Client:
    key = f"{server.username}:{server.password}"
    options = {"endpoint": server.endpoint, "key": key, "ca_path": server.ca, "token_cache": ""}
    return settings.connect(settings.resolve(options))


@pytest.fixture
def v4(v4_simulator: Simulator) -> Iterator[Client]:
    v4_simulator.reset()
    with client_of(v4_simulator) as client:
        yield client


@pytest.fixture
def old(simulator: Simulator) -> Iterator[Client]:
    simulator.reset()
    with client_of(simulator) as client:
        yield client


def machines(client: Client, *names: str, **members: Any) -> list[str]:
    return [client.create("machines", {"Name": name, **members})["Uuid"] for name in names]


def names(found: list[dict[str, Any]]) -> list[str]:
    return sorted(item["Name"] for item in found)


# -- lists


@pytest.mark.needs_v4
def test_sets_and_expressions_in_filters(v4: Client) -> None:
    machines(v4, "aa", "ab", "bb")
    assert names(v4.list("machines", "Name", "In", "aa,bb")) == ["aa", "bb"]
    assert names(v4.list("machines", "Name", "nin", "aa,bb")) == ["ab"]
    assert names(v4.list("machines", "Name", "Re", "^a")) == ["aa", "ab"]
    assert names(v4.req().filter("machines", "Name", "re", "b$").do()) == ["ab", "bb"]


@pytest.mark.needs_v4
def test_expressions_match_the_values_of_params(v4: Client) -> None:
    v4.create("params", {"Name": "rack/name", "Schema": {"type": "string"}})
    machines(v4, "aa", Params={"rack/name": "r12"})
    machines(v4, "bb", Params={"rack/name": "s12"})
    assert names(v4.list("machines", "rack/name", "Re", "^r")) == ["aa"]
    assert names(v4.list("machines", "rack/name", "In", "r12,r13")) == ["aa"]


@pytest.mark.needs_v4
def test_a_list_with_some_params_only(v4: Client) -> None:
    machines(v4, "aa", Params={"x": 1, "y": 2})
    (item,) = v4.list("machines", params=["y", "z"])
    assert item["Params"] == {"y": 2}
    assert item["Partial"] is True
    assert v4.list("machines")[0]["Params"] == {"x": 1, "y": 2}


@pytest.mark.needs_v4
def test_pages_end_with_the_last_match(v4: Client) -> None:
    machines(v4, *(f"m{number}" for number in range(7)), Description="x")
    request = v4.req().filter("machines", "Name", "Re", "^m", "limit", "3")
    assert len(request.do()) == 3
    assert request.answer is not None
    assert request.answer.headers["X-DRP-LIST-FILTER-COUNT"] == "7"
    assert len(v4.list("machines", "Name", "Re", "^m", page_size=3)) == 7


@pytest.mark.needs_counters
@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda client: client.list("machines", "Name", "In", "a,b"), "Name: In"),
        (lambda client: client.list("machines", "Name", "Nin", "a"), "Name: Nin"),
        (lambda client: client.list("machines", "Name", "Re", "a"), "Name: Re"),
        (lambda client: client.list("machines", params=["a"]), "params"),
        (lambda client: client.list("machines", decode=True), "decode"),
        (lambda client: client.req().filter("machines", "decode").do(), "decode"),
    ],
)
def test_an_old_server_is_not_asked(
    old: Client, simulator: Simulator, ask: Callable[[Client], Any], told: str
) -> None:
    old.info()
    before = len(simulator.log())
    with pytest.raises(UsageError) as caught:
        ask(old)
    assert caught.value.messages[0].startswith(f"{told}: not supported by this server (version v3.12.0-")
    assert len(simulator.log()) == before


# -- objects


@pytest.mark.needs_v4
def test_members_of_v4(v4: Client) -> None:
    made = v4.create("machines", {"Name": "m1"})
    assert "Profile" not in made
    assert (made["Pool"], made["PoolStatus"], made["PoolAllocated"]) == ("default", "Free", False)
    assert (made["Locked"], made["Context"], made["WorkflowComplete"]) == (False, "", True)
    assert (made["Endpoint"], made["Bundle"], made["Partial"]) == ("", "", False)
    assert v4.get("stages", "none")["Bundle"] == "BasicStore"


@pytest.mark.needs_v4
def test_a_locked_machine_takes_nothing_but_its_unlocking(v4: Client) -> None:
    v4.create("machines", {"Name": "m1", "Locked": True})
    old, new = v4.get_for_patch("machines", "Name:m1")
    for change in ({"Description": "x"}, {"Description": "x", "Locked": False}):
        with pytest.raises(Invalid, match="is locked"):
            v4.patch_to("machines", old, {**new, **change})
    with pytest.raises(Invalid, match="is locked"):
        v4.delete("machines", old["Uuid"])
    assert v4.patch_to("machines", old, {**new, "Locked": False})["Locked"] is False


@pytest.mark.needs_v4
def test_refusals_begin_with_the_key(v4: Client, old: Client) -> None:
    body = {"Name": "m1", "Uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "BootEnv": "nope"}
    for client, told in ((v4, f"{body['Uuid']}: BootEnv"), (old, "Bootenv")):
        with pytest.raises(Invalid) as caught:
            client.create("machines", body)
        assert caught.value.messages[0].startswith(told)


@pytest.mark.needs_v4
def test_a_conflict_shows_the_whole_patch(v4: Client) -> None:
    v4.create("profiles", {"Name": "p1"})
    stale = [{"op": "test", "path": "/Description", "value": "zz"}]
    with pytest.raises(Conflict) as caught:
        v4.patch("profiles", "p1", stale)
    assert caught.value.messages[1].startswith("Patch: [\n")


@pytest.mark.needs_v4
def test_one_index_ends_where_it_ends(v4: Client) -> None:
    assert v4.one_index("machines", "Pool") == {
        "Type": "string", "Unique": False, "Unordered": False, "Regex": True
    }  # fmt: skip


@pytest.mark.needs_v4
def test_force_goes_where_it_is_known(v4: Client, old: Client) -> None:
    sent: list[str] = []
    for client in (v4, old):
        send = client.transport.send

        def note(method: str, url: str, *rest: Any, send: Any = send, **more: Any) -> Any:
            if method != "GET":
                sent.append(f"{method} {url.rpartition('/api/v3/')[2]}")
            return send(method, url, *rest, **more)

        client.transport.send = note  # type: ignore[method-assign]
        client.create("profiles", {"Name": "p1"}, force=True)
        item = client.patch(
            "profiles", "p1", [{"op": "add", "path": "/Description", "value": "x"}], force=True
        )
        client.put("profiles", item, force=True)
    assert sent == [
        "POST profiles?force=true", "PATCH profiles/p1?force=true", "PUT profiles/p1?force=true",
        "POST profiles", "PATCH profiles/p1", "PUT profiles/p1",
    ]  # fmt: skip


@pytest.mark.needs_v4
def test_a_token_for_a_machine(v4: Client, v4_simulator: Simulator) -> None:
    (uuid,) = machines(v4, "m1")
    token = users.mint_machine_token(v4, uuid, 60)
    options = {"endpoint": v4_simulator.endpoint, "token": token, "ca_path": v4_simulator.ca}
    with settings.connect(settings.resolve(options)) as agent:
        assert agent.get("machines", uuid)["Name"] == "m1"
        assert agent.find("profiles", "global") is None


# -- ETags


@pytest.mark.needs_v4
def test_an_object_as_soon_as_it_changes(v4: Client) -> None:
    v4.create("profiles", {"Name": "p1"})
    item, mark = etags.get_with_etag(v4, "profiles", "p1")
    assert mark == etags.etag(v4, "profiles", "p1") != ""

    def change() -> None:
        time.sleep(0.3)
        v4.patch("profiles", "p1", [{"op": "replace", "path": "/Description", "value": "x"}])

    started = time.monotonic()
    worker = threading.Thread(target=change)
    worker.start()
    changed = etags.wait_for_change(v4, "profiles", "p1", mark, NEVER)
    worker.join()
    assert time.monotonic() - started > 0.2
    assert changed is not None
    assert (item["Description"], changed[0]["Description"]) == ("", "x")
    assert changed[1] == etags.etag(v4, "profiles", "p1") != mark


@pytest.mark.needs_v4
def test_an_object_that_does_not_change_or_is_deleted(v4: Client) -> None:
    v4.create("params", {"Name": "a/b"})
    mark = etags.etag(v4, "params", "a/b")
    started = time.monotonic()
    assert etags.wait_for_change(v4, "params", "a/b", mark, 1) is None
    assert time.monotonic() - started >= 0.9
    v4.delete("params", "a/b")
    with pytest.raises(NotFound):
        etags.wait_for_change(v4, "params", "a/b", mark, NEVER)


def test_an_old_server_has_no_marks(old: Client) -> None:
    assert etags.etag(old, "profiles", "global") == ""
    with pytest.raises(UsageError, match="changes cannot be detected"):
        etags.wait_for_change(old, "profiles", "global", "", 10)


# -- pools


@pytest.mark.needs_v4
def test_a_machine_on_its_way_through_a_pool(v4: Client) -> None:
    uuids = machines(v4, "m1", "m2", "m3")
    added = pools.add(v4, "metal", pools.Selection(count=2))
    assert [one["Status"] for one in added] == ["Free", "Free"]
    assert pools.active(v4) == ["default", "metal"]
    (left,) = set(uuids) - {one["Uuid"] for one in added}
    with pytest.raises(Conflict, match="in pool default"):
        pools.allocate(v4, "metal", pools.Selection(machines=[left]))
    (taken,) = pools.allocate(
        v4, "metal", pools.Selection(count=1), pools.Changes(add_profiles=["global"], add_params={"a": 1})
    )
    assert (taken["Allocated"], taken["Status"]) == (True, "InUse")
    machine = v4.get("machines", taken["Uuid"])
    assert (machine["Profiles"], machine["Params"]) == (["global"], {"a": 1})
    assert {status: len(members) for status, members in pools.status(v4, "metal").items()} == {
        "InUse": 1, "Free": 1
    }  # fmt: skip
    changes = pools.Changes(remove_profiles=["global"], remove_params=["a"])
    (back,) = pools.release(v4, "metal", pools.Selection(machines=[taken["Uuid"]]), changes)
    assert (back["Allocated"], back["Status"]) == (False, "Free")
    machine = v4.get("machines", taken["Uuid"])
    assert (machine["Profiles"], machine["Params"]) == ([], {})
    pools.remove(v4, "metal", pools.Selection(count=2))
    assert pools.active(v4) == ["default"]


@pytest.mark.needs_v4
def test_too_few_machines(v4: Client) -> None:
    machines(v4, "m1", Arch="arm64")
    machines(v4, "m2")
    with pytest.raises(Conflict, match="Not enough machines: 2 available, 3 required"):
        pools.allocate(v4, "default", pools.Selection(count=3))
    taken = pools.allocate(v4, "default", pools.Selection(count=3, minimum=1, filters=["Name=Re(^m1)"]))
    assert [one["Name"] for one in taken] == ["m1"]
    pools.release_to_pool(v4, taken[0]["Uuid"])
    assert v4.get("machines", taken[0]["Uuid"])["PoolAllocated"] is False


def test_an_old_server_has_no_pools(old: Client) -> None:
    for call in (
        lambda: pools.status(old, "default"),
        lambda: pools.active(old),
        lambda: pools.allocate(old, "default", pools.Selection(count=1)),
        lambda: pools.release_to_pool(old, "x"),
    ):
        with pytest.raises(UsageError, match="pools: not supported by this server"):
            call()


@pytest.mark.needs_v4
def test_extra_claims_of_tasks_are_kept(v4: Client) -> None:
    claims = [{"scope": "machines", "action": "get", "specific": "*"}]
    made = v4.create("tasks", {"Name": "with-claims", "ExtraClaims": claims, "ExtraRoles": ["superuser"]})
    assert (made["ExtraClaims"], made["ExtraRoles"]) == (claims, ["superuser"])
    assert "ExtraClaims" not in v4.create("tasks", {"Name": "without"})
    pack = {
        "meta": {"Name": "claims", "Version": "v1"},
        "sections": {"tasks": {"packed": {"Name": "packed", "ExtraClaims": claims}}},
    }
    v4.req().post(pack).url_for("contents").do()
    assert v4.find("tasks", "packed")["ExtraClaims"] == claims  # type: ignore[index]
