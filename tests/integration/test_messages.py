# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""More of what a user is told: each message names the object or the option, the reason, what to do."""

from __future__ import annotations

import concurrent.futures
import typing as t
from pathlib import Path

import pytest
from patience import LIMIT
from playbook_runner import PlaybookRunner, PlayResult, machine, thing

from simulator.launch import PASSWORD, Simulator
from simulator.testing import Api

M1 = {"name": "m1"}
COLONS = "a:b:c:d"


def told(played: PlayResult) -> list[str]:
    """The messages of tasks that all failed, without a traceback or a secret anywhere."""
    assert [bool(result.get("failed")) for result in played.results] == [True] * len(played.results), (
        played.output
    )
    assert not any(played.changed)
    assert "Traceback" not in played.output
    assert PASSWORD not in played.output
    return [result["msg"] for result in played.results]


def call(simulator: Simulator, method: str, path: str, json: t.Any = None) -> t.Any:
    answer = Api(simulator)(method, path, json=json)
    assert answer.status_code < 300, answer.text
    return answer.json()


@pytest.mark.needs_counters
def test_credentials_that_are_not_whole(run_tasks: PlaybookRunner) -> None:
    run_tasks.defaults = {name: run_tasks.defaults[name] for name in ("endpoint", "ca_path")}
    messages = told(
        run_tasks(
            machine(**M1),
            machine(username="fred", **M1),
            machine(password=PASSWORD, **M1),
            machine(key="no-colon", **M1),
            machine(key=":only-a-password", **M1),
            machine(username="fred:x", password=PASSWORD, **M1),
            machine(endpoint="https://someone:hush-hush@drp.example.com", key="a:b", **M1),
        )
    )
    assert messages[0].startswith("no credentials: set token, or username and password, or key")
    assert messages[1] == messages[2] == "username and password: set both or neither"
    assert messages[3] == messages[4] == "key: must be user:password, with neither part empty"
    assert messages[5] == "username: must not contain a colon"
    assert messages[6] == "endpoint: a user name or password does not belong in the URL"
    assert run_tasks.simulator.log() == []


@pytest.mark.parametrize("where", ["controller", "target"])
def test_a_password_with_colons_is_masked_in_every_form(run_tasks: PlaybookRunner, where: str) -> None:
    call(run_tasks.simulator, "POST", "users", {"Name": "fred", "Roles": ["superuser"]})
    call(run_tasks.simulator, "PUT", "users/fred/password", {"Password": COLONS})
    run_tasks.defaults = {name: run_tasks.defaults[name] for name in ("endpoint", "ca_path")}
    run_tasks.defaults.update(run_in=where, token_cache="")
    played = run_tasks(
        machine(username="fred", password=COLONS, description=f"it is {COLONS}", **M1),
        machine(key=f"fred:{COLONS}", description=f"it is {COLONS}", **M1),
        flags=["-vvv", "--diff"],
    )
    assert played.changed == [True, False], played.output
    assert COLONS not in played.output
    assert played[0]["machine"]["Description"] == "it is ********"


def test_a_token_of_a_user_who_has_another_password(run_tasks: PlaybookRunner) -> None:
    call(run_tasks.simulator, "POST", "users", {"Name": "fred", "Roles": ["superuser"]})
    call(run_tasks.simulator, "PUT", "users/fred/password", {"Password": COLONS})
    login = Api(run_tasks.simulator)
    token = login.session.get(
        f"{run_tasks.simulator.endpoint}/api/v3/users/fred/token",
        auth=("fred", COLONS),
        headers={"Authorization": None},
        timeout=LIMIT,
    ).json()["Token"]
    assert run_tasks(machine(token=token, **M1)).changed == [True]
    call(run_tasks.simulator, "PUT", "users/fred/password", {"Password": COLONS})
    revoked = run_tasks(machine(token=token, **M1), flags=["-vvv"])
    assert "Mint a new one" in told(revoked)[0]
    assert token not in revoked.output
    # the secret dies with the user, and then there is nothing that the token could differ from
    call(run_tasks.simulator, "DELETE", "users/fred")
    assert run_tasks(machine(token=token, **M1)).changed == [False]


@pytest.mark.needs_counters
def test_options_are_refused_before_anything_is_sent(run_tasks: PlaybookRunner) -> None:
    messages = told(
        run_tasks(
            machine(state="gone", **M1),
            machine(nme="m1", **M1),
            machine(name=""),
            machine(uuid="0", id="Name:m1"),
            machine(params=["a"], **M1),
            thing(kind="profiles"),
            thing(kind="profiles", spec={"Name": "p"}, resources=[]),
            thing(resources=[{"spec": {"Name": "p"}}]),
            thing(resources=[{"kind": "params", "spec": {"Name": "a/b"}}, {"kind": "params"}]),
            thing(kind="profiles", spec={"Name": "p", "name": "q"}),
            thing(kind="stages", spec={"Name": "s", "Tasks": "one"}),
        )
    )
    assert messages[0] == "value of state must be one of: present, absent, got: gone"
    assert messages[1].startswith(
        "Unsupported parameters for (digitalrebar.provision.drp_machine) module: nme."
    )
    assert messages[2] == "machines: the object has no Uuid and no Name to identify it"
    assert messages[3] == "parameters are mutually exclusive: uuid|id"
    assert "params" in messages[4]
    assert messages[5] == "profiles: the object has no Name to identify it"
    assert "mutually exclusive: kind|resources" in messages[6]
    assert "kind found in resources" in messages[7]
    assert messages[8].startswith("resources, number 2: params: the object has no Name")
    assert messages[9] == "profiles: Name is given twice"
    assert messages[10] == "stages: Tasks must be a list"
    assert run_tasks.simulator.log() == []


def test_stored_but_not_usable(run_tasks: PlaybookRunner) -> None:
    stage = {"kind": "stages", "spec": {"Name": "s1", "Tasks": ["nope"]}}
    played = run_tasks(
        thing(**stage),
        thing(**stage),
        thing(require_available=False, **stage),
        thing(resources=[stage]),
    )
    first, again, accepted, bulk = played.results
    assert (first["failed"], first["changed"], first["action"]) == (True, True, "created")
    assert first["msg"].startswith("stage s1 is stored but not available: ")
    assert "nope" in first["msg"]
    assert "require_available: false" in first["msg"]
    assert first["object"]["Name"] == "s1"
    assert (again["failed"], again["changed"], again["msg"]) == (True, False, first["msg"])
    assert not accepted["failed"]
    assert accepted["errors"] == first["errors"]
    assert bulk["msg"] == f"1 of 1 failed: {first['msg']}"


@pytest.mark.needs_counters
@pytest.mark.parametrize("flags", [[], ["--check"]], ids=["real", "check"])
def test_objects_of_a_pack_are_read_only(run_tasks: PlaybookRunner, flags: list[str]) -> None:
    pack = {
        "meta": {"Name": "pack", "Version": "1.0.0"},
        "sections": {"profiles": {"fixed": {"Name": "fixed", "Params": {"aa": 1}}}},
    }
    call(run_tasks.simulator, "POST", "contents", pack)
    run_tasks.simulator.reset_stats()
    change = {"kind": "profiles", "spec": {"Name": "fixed", "Params": {"aa": 2}}}
    same = {"kind": "profiles", "spec": {"Name": "fixed", "Params": {"aa": 1}}}
    played = run_tasks(thing(**same), flags=flags)
    assert played.changed == [False]
    assert not played[0]["failed"]
    messages = told(
        run_tasks(
            thing(kind="bootenvs", id="local", state="absent"),
            thing(**change),
            thing(**change, state="absent"),
            thing(resources=[change]),
            flags=flags,
        )
    )
    assert messages[0].startswith("bootenv local: it is read-only, because it comes from ")
    assert messages[1].startswith("profile fixed: it is read-only, because it comes from ")
    assert messages[2] == messages[1]
    assert messages[3] == f"1 of 1 failed: {messages[1]}"
    assert run_tasks.simulator.stats()["writes"] == 0


@pytest.mark.needs_faults
def test_other_writers(run_tasks: PlaybookRunner) -> None:
    """Each touch comes between our read and our write: three are outlived, a dozen are not."""
    assert run_tasks(machine(name="m1", description="first")).changed == [True]
    touch(run_tasks.simulator, 3)
    played = run_tasks(machine(name="m1", description="mine"))
    assert played.changed == [True], played.output
    assert (played[0]["conflicts"], played[0]["machine"]["Description"]) == (3, "mine")
    touch(run_tasks.simulator, 20)
    message = told(run_tasks(machine(name="m1", description="mine again")))[0]
    assert "machine m1: it was changed by another client 12 times in a row" in message


def touch(simulator: Simulator, times: int) -> None:
    simulator.clear_faults()
    for number in range(times):
        simulator.fault("touch", "^machines/", "PATCH", changes={"Description": f"theirs {number}"})


@pytest.mark.needs_faults
def test_params_of_others_are_no_conflict(run_tasks: PlaybookRunner) -> None:
    assert run_tasks(machine(name="m1", params={"mine": 1})).changed == [True]
    run_tasks.simulator.fault("touch", "^machines/", "PATCH", changes={"Params": {"theirs": 1}})
    played = run_tasks(machine(name="m1", params={"mine": 2}))
    assert played.changed == [True], played.output
    assert played[0]["machine"]["Params"] == {"mine": 2, "theirs": 1}


@pytest.mark.needs_faults
@pytest.mark.parametrize(
    "body",
    [
        '{"Name": "to',
        "[]",
        '"hello"',
        "null",
        "",
    ],
    ids=["torn", "list", "text", "null", "empty"],
)
def test_answers_that_are_no_object(run_tasks: PlaybookRunner, body: str) -> None:
    answer = {"status": 200, "body": body, "content_type": "application/json"}
    run_tasks.simulator.fault("status", "^machines/Name:m1", times=0, **answer)
    message = told(run_tasks(machine(**M1)))[0]
    assert message.startswith("machine m1: ")
    assert "/api/v3/machines/Name:m1 answered 200" in message


@pytest.mark.needs_faults
def test_a_login_answered_by_something_else(run_tasks: PlaybookRunner) -> None:
    run_tasks.simulator.fault("html", "^users/", times=0)
    message = told(run_tasks(machine(**M1)))[0]
    assert "answered the login with something that is not a token" in message
    assert "API port of a DRP server" in message


@pytest.mark.needs_faults
@pytest.mark.slow
def test_no_answer_at_all(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    """All at once, as each of them is tried for 20 s before it is given up."""
    simulator = run_tasks.simulator
    simulator.fault("half", "^machines/Name:half", times=0)
    simulator.fault("drop", "^machines/Name:drop", times=0)
    busy = {"status": 503, "body": "<html><h1>Be back soon</h1></html>", "content_type": "text/html"}
    simulator.fault("status", "^machines/Name:busy", times=0, **busy)
    names = ("half", "drop", "busy")

    def one(name: str) -> str:
        place = tmp_path / name
        place.mkdir()
        return told(PlaybookRunner(simulator, place)(machine(name=name)))[0]

    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        half, drop, busy_text = pool.map(one, names)
    for message in (half, drop):
        assert f"Cannot reach {simulator.endpoint}: " in message
        assert message.endswith("(tried 6 times in 20 s)")
    assert busy_text.startswith("machine busy: ")
    assert busy_text.endswith("answered 503 Service Unavailable: Be back soon")
