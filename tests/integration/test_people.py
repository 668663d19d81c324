# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_user and drp_token: passwords that nobody reads, tokens for others."""

from __future__ import annotations

import pytest
import requests
from info_tasks import add, limited, looked_up, task
from patience import LIMIT
from playbook_runner import PlaybookRunner, machine

from simulator.launch import USERNAME
from simulator.testing import Api

CHECK = ["--check"]
FIRST, SECOND = "first-secret", "second:secret"


def logs_in(run_tasks: PlaybookRunner, name: str, password: str) -> bool:
    answer = requests.get(
        f"{run_tasks.simulator.endpoint}/api/v3/users/{name}/token",
        auth=(name, password),
        verify=run_tasks.simulator.ca,
        timeout=LIMIT,
    )
    return answer.status_code == 200


def test_life_of_a_user(run_tasks: PlaybookRunner) -> None:
    fred = {"name": "fred", "description": "d", "roles": ["superuser"], "user_password": FIRST}
    played = run_tasks(
        task("user", **fred),
        task("user", **fred),
        task("user", name="fred", description="e"),
        task("user", name="fred", user_password=SECOND, update_password="on_create"),
        task("user", name="fred", user_password=SECOND, roles=[]),
        task("user", name="fred", user_password=SECOND),
        machine(name="m1", username="fred", password=SECOND),
        task("user", name="fred", state="absent"),
        task("user", name="fred", state="absent"),
        task("user", name="mute"),
        flags=["--diff", "-vvv"],
    )
    assert played.changed == [True, False, True, False, True, False, False, True, False, True]
    created = played[0]
    assert (created["action"], created["user"]["Roles"]) == ("created", ["superuser"])
    assert created["diff"]["after"]["Password"] == "(the one given)"
    assert played[4]["diff"] == {
        "before": {"Roles": ["superuser"], "Password": "(another one)"},
        "after": {"Roles": [], "Password": "(the one given)"},
        "before_header": "user fred",
        "after_header": "user fred",
    }
    # without a role fred may log in, and no more
    assert "Requires: machines create" in played[6]["msg"]
    assert played[9]["action"] == "created"
    assert FIRST not in played.output
    assert SECOND not in played.output
    assert "Traceback" not in played.output


@pytest.mark.needs_counters
def test_check_mode_sets_no_password(run_tasks: PlaybookRunner) -> None:
    run_tasks(task("user", name="fred", user_password=FIRST))
    run_tasks.simulator.reset_stats()
    tasks = [
        task("user", name="fred", user_password=SECOND),
        task("user", name="fred", user_password=FIRST),
        task("user", name="new", user_password=FIRST),
    ]
    checked = run_tasks(*tasks, flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    assert checked.changed == [True, False, True]
    assert logs_in(run_tasks, "fred", FIRST)
    done = run_tasks(tasks[0], tasks[2], flags=["--diff"])
    assert [done[0]["diff"], done[1]["diff"]] == [checked[0]["diff"], checked[2]["diff"]]
    assert logs_in(run_tasks, "fred", SECOND)
    assert logs_in(run_tasks, "new", FIRST)


def test_ones_own_password(run_tasks: PlaybookRunner) -> None:
    """The session and the cached token of the old password are dead; the loop goes on with the new one."""
    api = Api(run_tasks.simulator)
    add(api, "users", Name="ann", Roles=["superuser"])
    api("PUT", "users/ann/password", json={"Password": FIRST})
    run_tasks.defaults.update(username="ann", password=FIRST)
    both = {
        **task("user", name="{{ item }}", user_password=SECOND),
        "loop": ["ann", "fred"],
    }
    played = run_tasks(
        machine(name="m1"),
        both,
        machine(name="m1", password=SECOND),
        machine(name="m1", token_cache=""),
    )
    assert [bool(result["changed"]) for result in played[1]["results"]] == [True, True]
    assert not played[2].get("failed"), played[2]
    assert "refused the login" in played[3]["msg"]


def test_the_password_of_somebody_whose_token_is_cached(run_tasks: PlaybookRunner) -> None:
    as_fred = {"username": "fred", "password": FIRST}
    played = run_tasks(
        task("user", name="fred", user_password=FIRST, roles=["superuser"]),
        machine(name="m1", **as_fred),
        task("user", name="fred", user_password=SECOND),
        machine(name="m1", **{**as_fred, "password": SECOND}),
    )
    assert played.changed == [True, True, True, False]
    assert not played[3].get("failed"), played[3]


def test_what_cannot_be_done_with_users(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    weak = limited(api)
    played = run_tasks(
        task("user", name="!"),
        task("user", name="fred", roles=["absent"], user_password=FIRST),
        task("user", name="fred", roles=["absent"], require_available=False),
        task("user", name="fred", user_password=""),
        task("user", name="fred", user_password=SECOND, **weak),
        task("user", name="limited", user_password=SECOND, **weak),
        task("user", state="absent"),
    )
    messages = [str(result.get("msg")) for result in played.results]
    assert "Invalid Name" in messages[0]
    assert "user fred is stored but not available: Role absent does not exist" in messages[1]
    assert messages[2] == "None"
    assert "user_password: must not be empty" in messages[3]
    assert (
        "already exists" in messages[4]
        or "it exists, but these credentials lack the claim" in messages[4]
        or "Requires" in messages[4]
    )
    assert played[5]["changed"]
    assert "missing required arguments: name" in messages[6]
    assert logs_in(run_tasks, "fred", FIRST)
    assert logs_in(run_tasks, "limited", SECOND)


@pytest.mark.needs_v4
def test_what_a_deletion_leaves(run_tasks: PlaybookRunner, run_tasks_v4: PlaybookRunner) -> None:
    """The tokens of a deleted user: v3.12 has no secret left to compare them with."""
    for runner, warned in ((run_tasks, True), (run_tasks_v4, False)):
        api = Api(runner.simulator)
        for name in ("fred", "ann"):
            add(api, "users", Name=name)
        gone = (
            task("user", name="fred", state="absent"),
            task("object", kind="users", id="ann", state="absent"),
            task("user", name="fred", state="absent"),
        )
        checked = runner(*gone, flags=["--check"])
        played = runner(*gone)
        for result in (*checked.results[:2], *played.results[:2]):
            assert ("does not revoke the tokens" in str(result.get("warnings"))) is warned, result
        assert "warnings" not in played[2]
        assert played.changed == [True, True, False]


def test_the_user_that_the_task_logs_in_as(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    for name in ("fred", "ann", "bob"):
        add(api, "users", Name=name, Roles=["superuser"])
        api("PUT", f"users/{name}/password", json={"Password": FIRST})
    as_fred = {"username": "fred", "password": FIRST, "token_cache": ""}
    as_ann = {**as_fred, "username": "ann"}
    both = [{"kind": "users", "id": name, "state": "absent"} for name in ("bob", "fred")]
    refused = run_tasks(
        task("user", name="fred", state="absent", **as_fred),
        task("user", name="fred", state="absent", confirm="x", **as_fred),
        task("object", kind="users", id="ann", state="absent", **as_ann),
        task("object", resources=both[1:], **as_fred),
        task("object", kind="users", filters={"Name": "fred"}, state="absent", **as_fred),
    )
    for result in refused.results:
        assert "it is the user that this task logs in as. Nothing was changed" in result["msg"], result
    assert {user["Name"] for user in api("GET", "users").json()} >= {"fred", "ann", "bob"}
    (mark,) = {result["msg"].rpartition(" ")[2] for result in (refused[0], refused[1], refused[3])}
    (confirm,) = [
        result["targets"]["confirm"]
        for result in run_tasks(task("object", resources=both), flags=CHECK).results
    ]
    played = run_tasks(
        task("user", name="ann", state="absent", confirm=refused[2]["msg"].rpartition(" ")[2], **as_ann),
        task("object", resources=both, confirm=confirm, **as_fred),
        task("user", name="fred", state="absent", confirm=mark),
    )
    assert played.changed == [True, True, False], played.output
    assert {user["Name"] for user in api("GET", "users").json()} & {"fred", "ann", "bob"} == set()


def test_the_user_of_a_bare_token(run_tasks: PlaybookRunner) -> None:
    """A token does not say whose it is, but only its user can get another one that works."""
    api = Api(run_tasks.simulator)
    for name in ("fred", "ann"):
        add(api, "users", Name=name, Roles=["superuser"])
        api("PUT", f"users/{name}/password", json={"Password": FIRST})
    minted = run_tasks(task("token", user="fred", user_password=FIRST, ttl=600))[0]
    as_fred = {"token": minted["token"], "username": None, "password": None}
    played = run_tasks(
        task("user", name="fred", state="absent", **as_fred),
        task("user", name="ann", state="absent", **as_fred),
        task("user", name="nobody", state="absent", **as_fred),
    )
    assert "it is the user that this task logs in as. Nothing was changed" in played[0]["msg"]
    assert played.changed == [False, True, False], played.output
    confirm = played[0]["msg"].rpartition(" ")[2]
    assert run_tasks(task("user", name="fred", state="absent", confirm=confirm, **as_fred)).changed == [True]


@pytest.mark.needs_counters
def test_tokens(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    add(api, "users", Name="fred", Roles=["superuser"])
    api("PUT", "users/fred/password", json={"Password": FIRST})
    run_tasks.simulator.reset_stats()
    played = run_tasks(
        {**task("token", user="fred", user_password=FIRST, ttl=60), "no_log": True},
        {**task("token"), "no_log": True},
        {**task("token", user=USERNAME), "no_log": True},
        flags=["--check", "-vvv"],
    )
    assert run_tasks.simulator.stats()["writes"] == 0
    assert played.changed == [False, False, False]
    assert (played[0]["user"], played[0]["ttl"]) == ("fred", 60)
    assert (played[1]["user"], played[1]["ttl"]) == (USERNAME, 3600)
    tokens = [played[0]["token"], played[1]["token"]]
    assert not [text for text in [*tokens, FIRST] if text in played.output]
    run_tasks.defaults = {"endpoint": run_tasks.simulator.endpoint, "ca_path": run_tasks.simulator.ca}
    used = run_tasks(
        machine(name="m1", token=tokens[0]),
        task("token", token=tokens[0]),
        {**task("token", user="fred", token=tokens[0]), "no_log": True},
        machine(name="m1", token=played[2]["token"]),
    )
    assert used.changed[0]
    assert "user: is required when the task itself logs in with a token" in used[1]["msg"]
    assert used[2]["token"] not in tokens
    assert not used[3].get("failed"), used[3]


def test_a_token_that_would_be_dead_on_arrival(run_tasks: PlaybookRunner) -> None:
    """v3.12 refuses what one user has minted for another."""
    add(Api(run_tasks.simulator), "users", Name="fred", Roles=["superuser"])
    played = run_tasks(
        task("token", user="fred"),
        task("token", user="fred", user_password="wrong"),
        task("token", user_password="wrong"),
    )
    messages = [str(result["msg"]) for result in played.results]
    for part in ("user: the server refuses the token", "in user_password, or log in as fred"):
        assert part in messages[0]
    assert "refused the login of 'fred' with the password given for it" in messages[1]
    assert "required by 'user_password'" in messages[2]
    assert all(result["failed"] for result in played.results)


@pytest.mark.needs_counters
def test_tokens_that_cannot_be(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    add(api, "machines", Name="m1")
    weak = limited(api)
    played = run_tasks(
        task("token", user="nobody"),
        task("token", ttl=0),
        task("token", roles=["superuser"]),
        task("token", machine="m1"),
        task("token", user="fred", machine="m1"),
        task("token", user=USERNAME, **weak),
    )
    messages = [str(result["msg"]) for result in played.results]
    assert messages[0] == "user: there is no user nobody"
    assert "ttl: must be at least 1 second" in messages[1]
    assert "roles: to narrow a token: not supported by this server (version v3.12.0" in messages[2]
    assert "machine: to mint the token of a machine: not supported by this server" in messages[3]
    assert "mutually exclusive: user|machine" in messages[4]
    assert f"Requires: users token {USERNAME}" in messages[5]
    assert run_tasks.simulator.stats()["would_crash"] == 0


def test_a_lookup_of_a_user_shows_no_secret(run_tasks: PlaybookRunner) -> None:
    secret = add(Api(run_tasks.simulator), "users", Name="fred")["Secret"]
    variables = {f"drp_{name}": value for name, value in run_tasks.defaults.items()}
    played = run_tasks(
        looked_up("lookup('digitalrebar.provision.drp_object', 'fred', kind='users')", **variables)
    )
    assert played[0]["msg"]["Name"] == "fred"
    assert secret not in played.output
