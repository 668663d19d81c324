# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The token of a machine's agent, which can do no more than run the jobs of that machine.

A v4 server mints such tokens.  A v3.12 server puts them only into files that it renders for a machine, so
there the machine gets a user and a role of its own, with the claims that the server's own machine tokens
have.  That user has no password, and nobody can log in as it.  Without a licence such a server takes no
roles; then somebody has to say whose rights the agent is to have.
"""

from __future__ import annotations

import secrets
import typing as t

from ...client import features, models
from ...client.client import Client
from ...client.errors import UsageError
from ...client.objects import users
from ...converge.bulk import Bulk
from ...converge.resource import Resource
from ...converge.task import Result, Task, bulk_result
from ..lookup import find_one, resolve

Object = dict[str, t.Any]

_UNLICENSED = "licensed enterprise feature"


def run(task: Task) -> Result:
    """What ``drp_agent_token`` does."""
    if task.options["ttl"] < 1:
        raise UsageError("ttl: must be at least 1 second")
    is_v3 = not task.client.has_feature(features.V4.flag)
    if task.options["state"] == "absent":
        return _revoke(task, is_v3)
    machine = find_one(task.client, "machines", task.options["machine"])
    common: Result = {"machine": machine["Uuid"], "ttl": task.options["ttl"]}
    if not is_v3:
        token = users.mint_machine_token(task.client, machine["Uuid"], common["ttl"])
        return {"changed": False, **common, "token": token}
    if task.options.get("user"):
        name = str(task.options["user"])
        token = users.mint_token(task.client, name, common["ttl"])
        return {"changed": False, **common, "user": name, "token": token}
    return {**_token_of_dedicated_user(task, machine["Uuid"], common["ttl"]), **common}


def user_name_for(uuid: str) -> str:
    """The name of the user and of the role that represent a machine on v3.12."""
    return f"drp-agent-{uuid}"


def claims_for(uuid: str) -> list[dict[str, str]]:
    """What an agent may do: all with its own machine and its jobs, and read what jobs are made of."""
    return [
        {"scope": "machines", "action": "*", "specific": uuid},
        {"scope": "jobs", "action": "create,get,update,actions,log", "specific": uuid},
        {"scope": "params,stages,tasks,info", "action": "get", "specific": "*"},
        {"scope": "events", "action": "post", "specific": "*"},
    ]


def _token_of_dedicated_user(task: Task, uuid: str, ttl: int) -> Result:
    result = _ensure(task, uuid, "present")
    if result.get("failed"):
        if _UNLICENSED in result["msg"]:
            raise UsageError(
                f"machine {uuid}: this server cannot create a token for a single machine, because "
                "it is older "
                "than version 4 and has no licence for roles. Set user (in the role: agent_token_user), "
                "whose rights the agent then gets, or set a token of your own (agent_token)"
            )
        return result
    name = user_name_for(uuid)
    token = "" if task.check and result["changed"] else users.mint_token(task.client, name, ttl)
    return {**result, "user": name, "token": token}


def _ensure(task: Task, uuid: str, state: str) -> Result:
    name = user_name_for(uuid)
    about = f"The agent of machine {uuid}"
    role = {"Name": name, "Description": about, "Claims": claims_for(uuid)}
    user = {"Name": name, "Description": about, "Roles": [name]}
    resources = [
        Resource(kind="roles", spec=role, state=state),
        Resource(kind="users", spec=user, state=state),
    ]
    result = bulk_result(task, Bulk(task.client, resources, check=task.check).run())
    result.pop("results")
    return result


def _revoke(task: Task, is_v3: bool) -> Result:
    """Revoke all tokens of the agent. A deleted machine has none."""
    (machine,) = resolve(task.client, "machines", [task.options["machine"]]).values()
    if is_v3:
        uuid = machine["Uuid"] if machine else task.options["machine"]
        if task.client.find("users", user_name_for(uuid)) is None:
            return {"changed": False, "machine": uuid}
        return {**_ensure(task, uuid, "absent"), "machine": uuid}
    if machine is None:
        return {"changed": False, "machine": task.options["machine"]}
    if not task.check:
        _renew_secret(task.client, machine)
    return {"changed": True, "machine": machine["Uuid"]}


def _renew_secret(client: Client, machine: Object) -> None:
    """The server compares the Secret with each use of a token."""
    operation = {"op": "replace", "path": "/Secret", "from": "", "value": secrets.token_urlsafe(24)}
    client.patch("machines", models.key_of("machines", machine), [operation])
