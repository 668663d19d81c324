# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manner of v4: its features, its routes, and how it words what v3.12 says otherwise."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import objects
from ..call import OCTETS, ApiResponse, BufferedResponse, Call, reply
from ..claims import SCOPES
from ..errors import ApiError, bad_request
from ..filters import select
from ..models import Model
from ..routes.common import find
from ..rules import Change, Rules
from ..server_profile import FEATURES, ServerProfile
from ..store import Row
from ..wire import dumps, now
from . import blobs, etags, facts, list_options, order_jobs, others, pools, runners
from .filters import OPERATORS, matches, project
from .info import whoami, with_members_of_v4
from .models import MODELS_V4
from .param_layers import layers_of_params
from .rules import RULES, prerequisites

if TYPE_CHECKING:
    from ..server import Server

_MORE_FEATURES = (
    "endpoint-refs", "endpoint-proxy", "inline-upgrade", "bundle-objects", "secure-params-in-content-packs",
    "task-prerequisites", "content-prerequisite-version-checking", "stage-paramer", "auto-boot-target",
    "partial-objects", "regex-string-filters", "file-iso-exists-info-render", "log-has-head-method",
    # what the content packs and the agent of v4.8 ask for
    "elevated-tasks", "overridable-bootloaders", "centos-8", "virtual-media-boot", "agent-auto-update",
    "selective-job-purge",
)  # fmt: skip
_CLASH = re.compile(r"^keysCannotBeOverridden: (.*) is already in layer (.*)$", re.MULTILINE)
_BASE = ("list", "get", "create", "update", "delete", "action", "actions")


_LIST_OPTIONS = (
    "aggregate", "commented", "decode", "exclude-self", "expand", "filter", "group-by", "params",
    "range-only", "raw", "reduced", "force",
)  # fmt: skip


def _scopes() -> dict[str, tuple[str, ...]]:
    """What may be allowed for each kind."""
    # assumption: v4 knows events, and tokens of what runs tasks; all else as for the kinds of v3.12
    found = {**SCOPES, "events": ("post",)}
    for kind in facts.KINDS:
        secure = ("getSecure", "updateSecure") if facts.can(kind, "params") else ()
        token = ("token",) if "GET:token" in facts.words(kind, "below") else ()
        found[kind] = tuple(dict.fromkeys((*found.get(kind, _BASE), *secure, *token)))
    return found


class ServerProfileV4(ServerProfile):
    version = "v4.8.0"
    # assumption: a v4 server does not run without a licence, and any licence is one for roles and tenants
    licensed = True
    features = (*FEATURES, *_MORE_FEATURES)
    models = MODELS_V4
    scopes = _scopes()
    list_parameters = (*ServerProfile.list_parameters, *_LIST_OPTIONS)
    content_meta = facts.content_meta()
    params_prefix = "Params."
    runners = runners.RUNNERS
    # assumption: whoever serves work orders may see and change all of them
    more_machine_claims = (("work_orders", "list,get,update,actions", "*"),)
    task_entries = (*ServerProfile.task_entries, "context")
    stage_entries = task_entries
    replaces_writable = True
    gathers_entries = True
    extra_operators = OPERATORS

    def rules(self, prefix: str) -> Rules:
        return runners.RULES.get(prefix) or RULES.get(prefix) or super().rules(prefix)

    def with_prerequisites(self, server: Server, tasks: list[str], present: list[str]) -> list[str]:
        entered: list[str] = []
        for task in tasks:
            there = {*present, *entered}
            entered += [name for name in prerequisites(server, [task])[:-1] if name not in there]
            entered.append(task)
        return entered

    def on_left_pool(self, server: Server, row: Row) -> None:
        if server.store.get("machines", row.key):
            pools.arrive(server, row, "system")

    def runner_of_job(self, server: Server, runner: Row, job: Row) -> Row:
        return order_jobs.as_seen_by_job(server, runner, job)

    def stamp(self, change: Change, principal: str) -> None:
        if "CreatedAt" not in change.new:
            return
        old, moment = change.old, now()
        made = {name: old[name] for name in ("CreatedAt", "CreatedBy")} if old else {}
        change.new.update(
            {"CreatedAt": moment, "CreatedBy": principal, **made},
            LastModifiedAt=moment,
            LastModifiedBy=principal,
        )

    def param_sources(self, server: Server, row: Row) -> Iterator[Row]:
        return layers_of_params(server, row)

    def shown(self, call: Call, row: Row) -> bytes:
        return project(call, row)

    def count_headers(self, call: Call, model: Model) -> dict[str, str]:
        return {"X-DRP-LIST-FILTER-COUNT": str(matches(call, model))}

    async def answer(self, call: Call) -> ApiResponse:
        try:
            return await self._answer(call)
        except ApiError as problem:
            raise _reworded(call, problem) from None

    async def _answer(self, call: Call) -> ApiResponse:
        key = _item_key(call)
        if key and call.method in ("GET", "HEAD") and (unchanged := await etags.wait_for_change(call, key)):
            return unchanged
        if call.parts[0] in ("files", "isos"):
            return await blobs.answer(call)
        if call.parts[0] in call.server.store.tables and call.method in ("GET", "HEAD"):
            if len(call.parts) == 1:
                call = list_options.applied(call)
            else:
                list_options.refuse_unknown(call)
        answer = self._special(call) or super().answer(call)
        if inspect.isawaitable(answer):
            answer = await answer
        if (
            key
            and isinstance(answer, BufferedResponse)
            and call.method in ("GET", "HEAD")
            and answer.status == 200
        ):
            row = call.server.store[call.parts[0]].find(key)
            answer.headers |= {"ETag": etags.etag(row)} if row else {}
        return _extended(call, answer)

    def _special(self, call: Call) -> Any:
        """The answer of a route that v3.12 lacks, or None."""
        match call.method, call.parts:
            case "GET", ["objects"]:
                return reply(sorted({*call.server.store.tables, "interfaces"} - {"preferences"}))
            case "POST", ["whoami"]:
                return reply(whoami(call))
            case "DELETE", ["jobs" | "work_orders" as kind]:
                return _purge(call, kind)
            case "GET", ["plugin_providers", name, "binary"]:
                return _binary(call, name)
            case "DELETE", ["bootenvs", name, "purgeLocal"]:
                find(call, call.server.store["bootenvs"], name)
                # assumption: an empty list of architectures is refused
                if not call.json():
                    raise bad_request("DELETE", "No architectures", model="bootenvs", key=name)
                return reply(True)
            case "GET", ["pools-active"]:
                return pools.active(call)
            case "GET", ["pools", pool, "status"]:
                return pools.status(call, pool)
            case "POST", ["pools", pool, verb] if verb in pools.VERBS:
                return pools.manage(call, pool, verb)
            case "POST", ["machines", key, "releaseToPool"]:
                return pools.release(call, key)
            case "GET", [kind, key, "token"] if kind in runners.RUNNERS:
                return _machine_token(call, kind, key)
        return runners.special(call) or others.special(call)


V4 = ServerProfileV4()


def _item_key(call: Call) -> str:
    """The key of the object that the path names, "" when it names none or something below one."""
    prefix, *rest = call.parts
    if prefix not in call.server.store.tables or not rest:
        return ""
    return "/".join(rest) if prefix == "params" else rest[0] if len(rest) == 1 else ""


def _machine_token(call: Call, kind: str, key: str) -> ApiResponse:
    row = runners.found(call, kind, key)
    call.require(kind, "token", row.key)
    try:
        ttl = etags.duration(call.option("ttl") or "3600")
    except ValueError as problem:
        raise bad_request("GET", str(problem), model=kind, key=key) from None
    return reply({"Token": call.server.tokens.for_machine(row, ttl)})


def _purge(call: Call, kind: str) -> ApiResponse:
    """Remove all that the filters select and that has ended."""
    # assumption: what is still going on stays, and the answer tells how many have gone
    gone = 0
    for row in select(call.server, call.server.store[kind].model, call.query, call.method):
        if row.data["State"] in ("finished", "failed", "cancelled"):
            call.require(kind, "delete", row.key)
            objects.remove(call.server, row, call.principal)
            gone += 1
    return reply({"Deleted": gone})


def _binary(call: Call, name: str) -> ApiResponse:
    """The program that a provider was uploaded as; here that is its definition."""
    row = find(call, call.server.store["plugin_providers"], name)
    return BufferedResponse(200, row.text, OCTETS)


def _reworded(call: Call, problem: ApiError) -> ApiError:
    """A refusal in the words of v4."""
    messages = [message.replace("Bootenv ", "BootEnv ") for message in problem.messages]
    messages = [
        message.replace("Cannot change CurrentTask", "Cannot advance CurrentTask") + " without running jobs"
        if message.startswith("Cannot change CurrentTask")
        else message
        for message in messages
    ]
    code, key = problem.code, problem.key
    if call.method == "PUT" and call.parts[0] == "contents" and code == 500:
        clashes = _CLASH.findall("\n".join(messages))
        if clashes:
            pack, code, key = call.parts[1], 422, ""
            messages = [f"{item} in layer {pack} would override layer {layer}" for item, layer in clashes]
    if code == 422 and key:
        messages = [f"{problem.key}: {message}" for message in messages]
    if problem.code == 409 and len(messages) == 2 and messages[1].startswith("Patch line: "):
        messages[1] = f"Patch: {json.dumps(json.loads(call.body), indent=2)}"
    return ApiError(code, problem.kind, *messages, model=problem.model, key=problem.key)


def _extended(call: Call, answer: ApiResponse) -> ApiResponse:
    """Answers of v3.12 routes with what v4 adds to them, or takes away."""
    if not isinstance(answer, BufferedResponse) or answer.status != 200 or call.method != "GET":
        return answer
    match call.parts:
        case ["info"]:
            answer.body = dumps(with_members_of_v4(call, json.loads(answer.body)))
        case ["indexes", *_]:
            # unlike v3.12, v4 ends after the index
            document, _end = json.JSONDecoder().raw_decode(answer.body.decode())
            answer.body = dumps(_with_kinds(document))
        case [_, _, "params"] if wanted := call.option("params"):
            values = json.loads(answer.body)
            answer.body = dumps({name: values[name] for name in wanted.split(",") if name in values})
    return answer


def _with_kinds(document: Any) -> Any:
    """Index descriptions that also say what the index cannot do."""
    if not isinstance(document, dict):
        return document
    if "Type" in document and "Unique" in document:
        return {**document, "Unordered": False, "Regex": document["Type"] == "string"}
    return {name: _with_kinds(value) for name, value in document.items()}
