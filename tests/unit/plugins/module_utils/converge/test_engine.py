# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One object at a time, against a server in memory."""

from __future__ import annotations

import typing as t

import pytest
from unit.plugins.module_utils.converge.fake import FakeClient

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    Conflict,
    Invalid,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import layers
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge import engine, secure_params
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import (
    Outcome,
    TooManyConflicts,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine


def converge(client: FakeClient, resource: Resource, check: bool = False, **more: t.Any) -> Outcome:
    return engine.converge(t.cast(Client, client), resource, check, sleep=lambda seconds: None, **more)


def profile(**params: t.Any) -> Resource:
    return Resource("profiles", {"Name": "p", "Params": params})


def absent() -> Resource:
    return Resource("profiles", {"Name": "p"}, state="absent")


def stored(**params: t.Any) -> FakeClient:
    return FakeClient(profiles=[{"Name": "p", "Description": "kept", "Params": params}])


def touch(**params: t.Any) -> t.Callable[[FakeClient, str, str], None]:
    def write(client: FakeClient, kind: str, key: str) -> None:
        client.store[kind][key]["Params"].update(params)

    return write


def lost_reply(status: type[ApiError], code: int) -> t.Callable[[FakeClient, str, str], None]:
    """The request took effect, its reply was lost, and the server refused it the second time."""

    def lose(client: FakeClient, kind: str, key: str) -> None:
        raise status("again", code=code, attempts=2)

    return lose


class TestPlain:
    def test_create(self) -> None:
        client = FakeClient()
        outcome = converge(client, profile(a=1))
        assert (outcome.action, outcome.before, outcome.conflicts) == ("created", None, 0)
        assert client.one("profiles") == outcome.item == outcome.planned == {"Name": "p", "Params": {"a": 1}}
        assert [entry[0] for entry in client.sent] == ["GET", "POST"]

    def test_unchanged_costs_one_read(self) -> None:
        client = stored(a=1, b=2)
        outcome = converge(client, profile(a=1))
        assert (outcome.action, outcome.changed, outcome.warnings) == ("unchanged", False, [])
        assert client.sent == [("GET", "profiles", "p")]

    def test_update(self) -> None:
        client = stored(a=1, b=2)
        outcome = converge(client, profile(a=3))
        assert outcome.action == "updated"
        assert outcome.before == {"Name": "p", "Description": "kept", "Params": {"a": 1, "b": 2}}
        assert client.one("profiles") == {"Name": "p", "Description": "kept", "Params": {"a": 3, "b": 2}}
        assert [entry[0] for entry in client.sent] == ["GET", "PATCH"]

    def test_delete(self) -> None:
        client = stored()
        assert converge(client, absent()).action == "deleted"
        assert client.store["profiles"] == {}
        assert converge(client, absent()).action == "unchanged"
        assert len(client.writes) == 1

    def test_what_the_caller_has_just_read_is_not_read_again(self) -> None:
        client = stored(a=1)
        converge(client, profile(a=1), prefetched=client.one("profiles"))
        assert client.sent == []
        assert converge(FakeClient(), profile(a=1), prefetched=None).action == "created"

    def test_force_reaches_the_patch(self) -> None:
        client = stored()
        converge(client, Resource("profiles", {"Name": "p", "Description": "new"}, force=True))
        assert client.forced == [True]

    def test_refusals_are_handed_on(self) -> None:
        client = stored()

        def refuse(client: FakeClient, kind: str, key: str) -> None:
            raise Invalid("no", code=422)

        client.always["PATCH"] = refuse
        with pytest.raises(Invalid):
            converge(client, profile(a=1))
        client.always["POST"] = refuse
        client.store.clear()
        with pytest.raises(Invalid):
            converge(client, profile(a=1))


class TestCheckMode:
    @pytest.mark.parametrize(
        ("client", "resource", "action"),
        [
            (FakeClient(), profile(a=1), "created"),
            (stored(a=1), profile(a=2), "updated"),
            (stored(a=1), profile(a=1), "unchanged"),
            (stored(a=1), absent(), "deleted"),
            (FakeClient(), absent(), "unchanged"),
        ],
        ids=["create", "update", "same", "delete", "gone"],
    )
    def test_nothing_is_sent_and_the_plan_is_the_same(
        self, client: FakeClient, resource: Resource, action: str
    ) -> None:
        checked = converge(client, resource, check=True)
        assert (checked.action, client.writes) == (action, [])
        real = converge(client, resource)
        assert (real.action, real.before, real.planned) == (action, checked.before, checked.planned)


class TestReadOnly:
    @pytest.mark.parametrize("check", [False, True])
    @pytest.mark.parametrize("resource", [profile(a=1), absent()], ids=["present", "absent"])
    def test_is_refused_with_its_origin(
        self, resource: Resource, check: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(layers, "read_only_layer", lambda client, kind, item: item["Bundle"])
        client = FakeClient(profiles=[{"Name": "p", "Params": {}, "ReadOnly": True, "Bundle": "pack"}])
        with pytest.raises(UsageError, match="read-only, because it comes from pack"):
            converge(client, resource, check)
        assert client.writes == []

    @pytest.mark.parametrize("check", [False, True])
    @pytest.mark.parametrize("resource", [profile(a=1), absent()], ids=["present", "absent"])
    def test_a_flag_that_a_client_has_sent_is_none(
        self, resource: Resource, check: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(layers, "read_only_layer", lambda client, kind, item: "")
        client = FakeClient(profiles=[{"Name": "p", "Params": {}, "ReadOnly": True}])
        assert converge(client, resource, check).changed

    @pytest.mark.parametrize("name", ["ReadOnly", "readonly", "Available", "Validated", "Errors", "Bundle"])
    def test_computed_members_are_never_sent(self, name: str) -> None:
        spec = {"Name": "p", "Params": {"a": 1}, name: ["x"] if name == "Errors" else True}
        client = FakeClient(profiles=[])
        converge(client, Resource(kind="profiles", spec=spec))
        assert {key.lower() for key in client.one("profiles")} & {"readonly", "errors", "bundle"} == set()
        assert converge(client, Resource(kind="profiles", spec=spec)).action == "unchanged"

    def test_is_fine_when_it_agrees(self) -> None:
        client = FakeClient(profiles=[{"Name": "p", "Params": {"a": 1}, "ReadOnly": True}])
        assert converge(client, profile(a=1)).action == "unchanged"


class TestConflicts:
    def test_another_plan_is_made(self) -> None:
        client = stored(a=1)
        client.before["PATCH"] = [touch(a=5, other=1)]
        outcome = converge(client, profile(a=2))
        assert (outcome.action, outcome.conflicts) == ("updated", 1)
        assert outcome.before is not None
        assert outcome.before["Params"] == {"a": 5, "other": 1}
        assert client.one("profiles")["Params"] == {"a": 2, "other": 1}

    def test_somebody_else_did_it_for_us(self) -> None:
        client = stored(a=1)
        client.before["PATCH"] = [touch(a=2)]
        outcome = converge(client, profile(a=2))
        assert (outcome.action, outcome.conflicts) == ("unchanged", 1)

    def test_nobody_is_blamed_for_an_object_that_does_not_change(self) -> None:
        client = stored(a=0)

        def refuse(client: FakeClient, kind: str, key: str) -> None:
            raise Conflict("the words of the server", code=409)

        client.always["PATCH"] = refuse
        with pytest.raises(Conflict, match="the words of the server") as caught:
            converge(client, profile(a=2))
        assert not caught.value.changed
        assert len(client.writes) == engine.MAX_UNCHANGED + 1

    def test_a_failure_after_something_was_stored_says_so(self) -> None:
        client = FakeClient()

        def refuse(client: FakeClient, kind: str, key: str) -> None:
            raise Invalid("no", code=422)

        client.always["PATCH"] = refuse
        client.rule = lambda old, new: new.update(Description="what the server makes of it")
        wanted = Resource("profiles", {"Name": "p", "Description": "mine"})
        with pytest.raises(Invalid) as caught:
            converge(client, wanted)
        assert caught.value.changed
        assert Outcome(wanted, error=caught.value).changed

    def test_they_come_to_an_end(self) -> None:
        client = stored(a=0)
        slept: list[float] = []

        def race(client: FakeClient, kind: str, key: str) -> None:
            client.store[kind][key]["Params"]["a"] -= 1

        client.always["PATCH"] = race
        with pytest.raises(TooManyConflicts, match=r"profile p: .*12 times") as caught:
            engine.converge(t.cast(Client, client), profile(a=2), sleep=slept.append)
        assert len(client.writes) == engine.MAX_CONFLICTS
        assert len(slept) == engine.MAX_CONFLICTS - 1
        assert max(slept) <= 0.5
        assert (caught.value.type, caught.value.code) == ("CONFLICT", 409)

    def test_another_value_of_the_same_map_is_no_conflict(self) -> None:
        client = stored(a=1)
        client.before["PATCH"] = [touch(other=1)]
        assert converge(client, profile(a=2)).conflicts == 0
        assert client.one("profiles")["Params"] == {"a": 2, "other": 1}

    @pytest.mark.parametrize("kind", ["profiles", "machines"])
    def test_a_create_that_meets_an_object_updates_it(self, kind: str) -> None:
        client = FakeClient()

        def first(client: FakeClient, kind: str, key: str) -> None:
            client.put(kind, {"Name": "p", "Params": {"theirs": 1}})

        client.before["POST"] = [first]
        made = Machine if kind == "machines" else Resource
        outcome = converge(client, made(kind, {"Name": "p", "Params": {"ours": 1}}))
        assert (outcome.action, outcome.conflicts) == ("updated", 1)
        assert client.one(kind)["Params"] == {"ours": 1, "theirs": 1}

    def test_a_conflict_without_an_object_is_an_error(self) -> None:
        client = FakeClient()

        def refuse(client: FakeClient, kind: str, key: str) -> None:
            raise Conflict("something else", code=409)

        client.always["POST"] = refuse
        with pytest.raises(Conflict):
            converge(client, profile(a=1))

    def test_deleting_what_is_already_gone(self) -> None:
        client = stored()
        client.before["DELETE"] = [lambda client, kind, key: client.store[kind].clear()]
        assert converge(client, absent()).action == "unchanged"

    def test_what_is_in_use_stays(self) -> None:
        client = stored()

        def refuse(client: FakeClient, kind: str, key: str) -> None:
            raise Conflict("in use", code=409)

        client.always["DELETE"] = refuse
        with pytest.raises(Conflict):
            converge(client, absent())


class TestLostReplies:
    def test_a_patch_counts_once(self) -> None:
        client = stored(a=1)
        client.after["PATCH"] = [lost_reply(Conflict, 409)]
        outcome = converge(client, profile(a=2))
        assert outcome.action == "updated"
        assert len(client.writes) == 1
        assert outcome.before is not None
        assert outcome.before["Params"] == {"a": 1}

    def test_a_delete_counts_once(self) -> None:
        client = stored()
        client.after["DELETE"] = [lost_reply(NotFound, 404)]
        assert converge(client, absent()).action == "deleted"

    def test_a_create_counts_once(self) -> None:
        client = FakeClient()
        client.after["POST"] = [lost_reply(Conflict, 409)]
        assert converge(client, profile(a=1)).changed
        assert len(client.writes) == 1


class TestServersWithRules:
    def test_a_stubborn_server_gives_one_warning(self) -> None:
        client = stored()

        def shout(old: dict[str, t.Any] | None, new: dict[str, t.Any]) -> None:
            new["Description"] = "SHOUT"

        client.rule = shout
        outcome = converge(client, Resource("profiles", {"Name": "p", "Description": "shout"}))
        assert len(client.writes) == 2
        (warning,) = outcome.warnings
        assert "the server keeps Description as 'SHOUT'" in warning

    def test_a_server_that_never_stays_is_given_up(self) -> None:
        client = stored()
        number = iter(range(100))
        client.rule = lambda old, new: new.update(Description=str(next(number)))
        with pytest.raises(UsageError, match="keeps changing it back"):
            converge(client, Resource("profiles", {"Name": "p", "Description": "x"}))
        assert len(client.writes) == engine.MAX_PASSES

    def test_runnable_takes_a_second_pass(self) -> None:
        client = FakeClient(machines=[{"Name": "m", "BootEnv": "local", "Runnable": True}])

        def stop(old: dict[str, t.Any] | None, new: dict[str, t.Any]) -> None:
            if old and old["BootEnv"] != new["BootEnv"]:
                new["Runnable"] = False

        client.rule = stop
        spec = {"Name": "m", "BootEnv": "sledgehammer", "Runnable": True}
        outcome = converge(client, Machine("machines", spec))
        assert (outcome.action, outcome.warnings, len(client.writes)) == ("updated", [], 2)
        assert client.one("machines")["Runnable"] is True

    def test_a_new_machine_that_is_not_to_run(self) -> None:
        client = FakeClient()

        def start(old: dict[str, t.Any] | None, new: dict[str, t.Any]) -> None:
            if old is None:
                new["Runnable"] = True

        client.rule = start
        outcome = converge(client, Machine("machines", {"Name": "m", "Runnable": False}))
        assert outcome.action == "created"
        assert client.one("machines")["Runnable"] is False

    def test_a_conflict_after_the_create_leaves_it_created(self) -> None:
        client = FakeClient()

        def start(old: dict[str, t.Any] | None, new: dict[str, t.Any]) -> None:
            if old is None:
                new.update(Runnable=True, Description="theirs")

        def hurry(client: FakeClient, kind: str, key: str) -> None:
            client.store[kind][key]["Description"] = "hers"

        client.rule = start
        client.before["PATCH"] = [hurry]
        spec = {"Name": "m", "Runnable": False, "Description": "ours"}
        outcome = converge(client, Machine("machines", spec))
        assert (outcome.action, outcome.before, outcome.conflicts) == ("created", None, 1)
        assert client.one("machines")["Description"] == "ours"


def test_problems_are_the_words_of_the_server() -> None:
    def problems(**item: t.Any) -> list[str]:
        return Outcome(profile(), item=item).problems

    assert problems(Available=True, Errors=["x"]) == []
    assert problems(Available=False, Errors=["x"]) == ["x"]
    assert problems(Available=False, Errors=None) == ["it is not available"]
    assert problems(Name="x") == []
    assert Outcome(profile()).problems == []


@pytest.mark.parametrize(
    ("params", "definitions", "message"),
    [
        ({"pin": "open-sesame"}, {"pin": True}, "Key 'pin': invalid val '(hidden)'"),
        ({"pin": "open-sesame"}, {"pin": False}, "Key 'pin': invalid val 'open-sesame'"),
        ({"pin": "open-sesame"}, {}, "Key 'pin': invalid val 'open-sesame'"),
        ({"pin": "true"}, {"pin": True}, "Key 'pin': invalid val 'true'"),
    ],
)
def test_only_known_secrets_are_taken_out_of_the_words_of_the_server(
    params: dict[str, t.Any], definitions: dict[str, bool], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = {"Key": "k", "Nonce": "n", "Payload": "p"}
    monkeypatch.setattr(secure_params, "seal", lambda value, key: sealed)
    monkeypatch.setattr(secure_params.params, "public_key", lambda client, kind, key, of_group: "k")
    client = stored()
    for name, secure in definitions.items():
        client.put("params", {"Name": name, "Secure": secure})

    def refuse(client: FakeClient, kind: str, key: str) -> None:
        raise Invalid(f"Key 'pin': invalid val '{params['pin']}'", code=422)

    client.always["PATCH"] = refuse
    with pytest.raises(ApiError) as caught:
        converge(client, profile(**params))
    assert message in str(caught.value)
