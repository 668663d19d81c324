# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The token of a machine's agent, which can do no more than run the jobs of that machine.

A v4 server mints such tokens.  A v3.12 server puts them only into files that it renders for a machine, so
there the machine gets a user and a role of its own, with the claims that the server's own machine tokens
have.  Such a server takes a token only if its user has asked for it, so the user gets a random password
each time, which is forgotten once the token is there: nobody can log in as it.  Without a licence such a
server takes no roles; then somebody has to say whose rights the agent is to have.
"""

from __future__ import annotations

import ipaddress
import secrets
import typing as t

from ...client import features, models
from ...client.client import Client
from ...client.errors import UsageError
from ...client.objects import users
from ...converge.bulk import Bulk
from ...converge.resource import Resource
from ...converge.results import bulk_result
from ...converge.task import Result, Task
from ..lookup import find_one, resolve
from ..token import mint_for_user

Object = dict[str, t.Any]

_UNLICENSED = "licensed enterprise feature"
_OWN_TOKEN = ", or set a token of your own (in the role: agent_token_password, agent_token)"


def run(task: Task) -> Result:
    """What ``drp_agent_token`` does."""
    if task.options["ttl"] < 1:
        raise UsageError("ttl: must be at least 1 second")
    is_v3 = not task.client.has_feature(features.V4.flag)
    kind = task.options["kind"]
    if kind != "machines":
        task.client.require_feature(features.V4, f"kind: {kind}")
    if task.options["state"] == "absent":
        return _revoke(task, is_v3)
    machine = find_one(task.client, kind, task.options["machine"])
    common: Result = {"machine": machine["Uuid"], "ttl": task.options["ttl"]}
    if not is_v3:
        token = users.mint_machine_token(task.client, machine["Uuid"], common["ttl"], kind)
        return {"changed": False, **common, "token": token}
    if task.options.get("user"):
        name = str(task.options["user"])
        password = task.options.get("user_password") or ""
        token = mint_for_user(task.client, name, common["ttl"], password, more_ways=_OWN_TOKEN)
        return {"changed": False, **common, "user": name, "token": token}
    return {**_token_of_dedicated_user(task, machine, common["ttl"]), **common}


def user_name_for(uuid: str) -> str:
    """The name of the user and of the role that represent a machine on v3.12."""
    return f"drp-agent-{uuid}"


def claims_for(uuid: str, address: str = "") -> list[dict[str, str]]:
    """What an agent may do: all with its own machine, its jobs and its reservation, and read what they need.

    v3.12 has no scope ``events``: whoever may do anything may post events.
    """
    claims = [
        {"scope": "machines", "action": "*", "specific": uuid},
        {"scope": "jobs", "action": "create,get,update,actions,log", "specific": uuid},
        {"scope": "params,stages,tasks,info", "action": "get", "specific": "*"},
        {"scope": "reservations", "action": "create", "specific": "*"},
    ]
    reservation = _reservation_key(address)
    if reservation:
        claims.append({"scope": "reservations", "action": "*", "specific": reservation})
    return claims


def _reservation_key(address: str) -> str:
    """The key by which claims name the reservation of an address: eight hexadecimal digits."""
    try:
        return f"{int(ipaddress.IPv4Address(address)):08X}"
    except ValueError:
        return ""


def _token_of_dedicated_user(task: Task, machine: Object, ttl: int) -> Result:
    """The result with a token.  It is a change each time: the new password ends the token before."""
    uuid = machine["Uuid"]
    result = _ensure(task, uuid, "present", str(machine.get("Address") or ""))
    if result.get("failed"):
        if _UNLICENSED in result["msg"]:
            raise _unlicensed_error(uuid)
        return result
    if task.check and result["changed"] and not features.licensed_for_roles(task.client.info()):
        raise _unlicensed_error(uuid)
    name = user_name_for(uuid)
    token = "" if task.check else users.mint_with_new_password(task.client, name, ttl)
    return {**result, "changed": True, "user": name, "token": token}


def _unlicensed_error(uuid: str) -> UsageError:
    return UsageError(
        f"machine {uuid}: this server cannot create a token for a single machine, because it is older than "
        "version 4 and has no licence for roles. Set user (in the role: agent_token_user), whose rights the "
        "agent then gets, or set a token of your own (agent_token)"
    )


def _ensure(task: Task, uuid: str, state: str, address: str = "") -> Result:
    name = user_name_for(uuid)
    about = f"The agent of machine {uuid}"
    role = {"Name": name, "Description": about, "Claims": claims_for(uuid, address)}
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
    (machine,) = resolve(task.client, task.options["kind"], [task.options["machine"]]).values()
    if is_v3:
        return _revoke_v3(task, machine["Uuid"] if machine else task.options["machine"])
    if machine is None:
        return {"changed": False, "machine": task.options["machine"]}
    if not task.check:
        _renew_secret(task.client, task.options["kind"], machine)
    return {"changed": True, "machine": machine["Uuid"]}


def _revoke_v3(task: Task, uuid: str) -> Result:
    """Without its role a token may do nothing, though the server takes it until it ends by itself."""
    result: Result = {"changed": False}
    there = task.client.find("users", user_name_for(uuid)) is not None
    if there:
        result = _ensure(task, uuid, "absent")
    named = task.options.get("user")
    if named or not there:
        result["warnings"] = [*result.get("warnings", []), _still_alive(uuid, named)]
    return {**result, "machine": uuid}


def _still_alive(uuid: str, named: str | None) -> str:
    whose = f"its token of user {named}" if named else "a token of another user, if its agent has one,"
    why = "" if named else f"there is no user {user_name_for(uuid)} to remove; "
    return (
        f"machine {uuid}: {why}{whose} stays valid until it expires, because the server cannot revoke one "
        "token. Another password for that user (drp_user, user_password) revokes all its tokens"
    )


def _renew_secret(client: Client, kind: str, machine: Object) -> None:
    """The server compares the Secret with each use of a token."""
    operation = {"op": "replace", "path": "/Secret", "from": "", "value": secrets.token_urlsafe(24)}
    client.patch(kind, models.key_of(kind, machine), [operation])
