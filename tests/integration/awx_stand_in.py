# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small stand-in for AWX: as much of its REST API (v2) as playbooks/awx.yml uses, with its manners.

Lists come in pages and are filtered by any field; fields it does not know are dropped without a word; what
is secret comes back as ``$encrypted$``; a credential type in use keeps its inputs; a project is fetched some
time after it was written, and only then has playbooks.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import dataclasses
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from patience import LIMIT

from simulator import certs

TOKEN = "token-of-awx"
USERNAME, PASSWORD = "admin", "password-of-awx"
HIDDEN = "$encrypted$"
PAGE, LARGEST_PAGE = 25, 200
Item = dict[str, Any]
State = tuple[dict[str, dict[int, Item]], dict[int, list[int]]]

# the fields that can be written, with the values that AWX gives them
FIELDS: dict[str, Item] = {
    "organizations": {"name": "", "description": ""},
    "execution_environments": {"name": "", "image": ""},
    "credential_types": {"name": "", "description": "", "kind": "", "inputs": {}, "injectors": {}},
    "credentials": {
        "name": "",
        "description": "",
        "organization": None,
        "credential_type": None,
        "inputs": {},
    },
    "projects": {
        "name": "",
        "description": "",
        "organization": None,
        "scm_type": "",
        "scm_url": "",
        "scm_branch": "",
        "credential": None,
    },
    "inventories": {"name": "", "description": "", "organization": None, "variables": ""},
    "inventory_sources": {
        "name": "",
        "inventory": None,
        "source": "",
        "source_project": None,
        "source_path": "",
        "credential": None,
        "update_on_launch": False,
        "overwrite": False,
        "overwrite_vars": False,
        "update_cache_timeout": 0,
        "execution_environment": None,
    },
    "job_templates": {
        "name": "",
        "description": "",
        "job_type": "run",
        "inventory": None,
        "project": None,
        "playbook": "",
        "ask_limit_on_launch": False,
        "ask_variables_on_launch": False,
        "execution_environment": None,
    },
}
UNIQUE = {
    "credential_types": ("name", "kind"),
    "credentials": ("name", "organization", "credential_type"),
    "inventory_sources": ("name", "inventory"),
}
FETCHED_FROM = ("scm_type", "scm_url", "scm_branch")


class Refused(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, document: Item) -> None:
        super().__init__(status, document)
        self.status, self.document = status, document


@dataclasses.dataclass
class Request:
    method: str
    path: str
    body: Any


class AwxStandIn:
    """Runs in a thread of its own, as ``with AwxStandIn(folder) as awx``; ``folder`` has its certificate."""

    def __init__(self, folder: Path) -> None:
        self.items: dict[str, dict[int, Item]] = {kind: {} for kind in FIELDS}
        self.attached: dict[int, list[int]] = {}
        self.requests: list[Request] = []
        self.playbooks = ["site.yml"]
        self.fetch_ends = "successful"
        self.refuses_to_attach = False
        self.extra_check = ""
        """What it says against every credential."""
        self._certificate = certs.make(folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._next = 1

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        self.url = f"https://127.0.0.1:{port}"
        self.ca = str(self._certificate.cert)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()

    def add(self, collection: str, /, **fields: Any) -> int:
        """Put an object there, as if somebody had made it in the web interface."""
        number, self._next = self._next, self._next + 1
        self.items[collection][number] = {"id": number, **copy.deepcopy({**FIELDS[collection], **fields})}
        return number

    def save(self) -> State:
        """What it holds now, for :meth:`restore`."""
        return copy.deepcopy((self.items, self.attached))

    def restore(self, state: State) -> None:
        """Back to what it held then, with its manners as at the start and no requests to remember."""
        self.items, self.attached = copy.deepcopy(state)
        self.requests = []
        self.playbooks = ["site.yml"]
        self.fetch_ends = "successful"
        self.refuses_to_attach = False
        self.extra_check = ""

    def only(self, kind: str, name: str) -> Item:
        """The one object of this name."""
        [found] = [item for item in self.items[kind].values() if item["name"] == name]
        return found

    def writes(self) -> list[Request]:
        """What has been written since the last time."""
        seen, self.requests = self.requests, []
        return [request for request in seen if request.method != "GET"]

    async def _start(self) -> int:
        app = web.Application()
        app.router.add_route("*", "/api/v2/{kind}/", self._answer)
        app.router.add_route("*", "/api/v2/{kind}/{id:[0-9]+}/", self._answer)
        app.router.add_route("*", "/api/v2/{kind}/{id:[0-9]+}/{related}/", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._certificate.context())
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.requests.append(Request(request.method, request.path.removeprefix("/api/v2/"), body))
        try:
            self._let_in(request.headers.get("Authorization", ""))
            status, document = self._act(request, body or {})
        except Refused as refused:
            status, document = refused.status, refused.document
        return web.Response(status=204) if status == 204 else web.json_response(document, status=status)

    def _let_in(self, told: str) -> None:
        basic = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if told not in (f"Bearer {TOKEN}", f"Basic {basic}"):
            raise Refused(401, {"detail": "Invalid token." if told else "Credentials were not provided."})

    def _act(self, request: web.Request, body: Item) -> tuple[int, Any]:
        kind, number = request.match_info["kind"], int(request.match_info.get("id", 0))
        if kind not in FIELDS or (number and number not in self.items[kind]):
            raise Refused(404, {"detail": "Not found."})
        if "related" in request.match_info:
            return self._credentials_of(number, request, body)
        if request.method == "GET":
            items = [self._shown(kind, item) for item in self.items[kind].values()]
            return 200, self._look(kind, number) if number else page(kind, items, request)
        if request.method not in ("POST", "PATCH"):
            raise Refused(405, {"detail": f'Method "{request.method}" not allowed.'})
        return (200 if number else 201), self._write(kind, number, body)

    def _look(self, kind: str, number: int) -> Item:
        item = self.items[kind][number]
        shown = self._shown(kind, item)
        if kind == "projects" and item["status"] == "pending":
            item["status"] = self.fetch_ends
        return shown

    def _shown(self, kind: str, item: Item) -> Item:
        if kind != "credentials":
            return copy.deepcopy(item)
        secret = self._secret_fields(item)
        inputs = {name: HIDDEN if name in secret else value for name, value in item["inputs"].items()}
        return {**item, "inputs": inputs}

    def _secret_fields(self, credential: Item) -> set[str]:
        fields = self.items["credential_types"][credential["credential_type"]]["inputs"]["fields"]
        return {field["id"] for field in fields if field.get("secret")}

    def _write(self, kind: str, number: int, body: Item) -> Item:
        known = {name: value for name, value in body.items() if name in FIELDS[kind]}
        old = self.items[kind].get(number, {})
        item = {**copy.deepcopy(FIELDS[kind]), **old, **known}
        self._check(kind, number, item, old)
        if kind == "credentials":
            item["inputs"] = {
                name: old["inputs"][name] if value == HIDDEN else value
                for name, value in item["inputs"].items()
            }
        if kind == "projects" and any(item[name] != old.get(name) for name in FETCHED_FROM):
            item["status"] = "pending"
        if kind == "job_templates":  # it follows from the project and cannot be written
            item["organization"] = self.items["projects"][item["project"]]["organization"]
        if not number:
            number, self._next = self._next, self._next + 1
        self.items[kind][number] = {**item, "id": number}
        return self._shown(kind, self.items[kind][number])

    def _check(self, kind: str, number: int, item: Item, old: Item) -> None:
        identity = UNIQUE.get(kind, ("name", "organization"))
        for other in self.items[kind].values():
            if other["id"] != number and all(other.get(name) == item.get(name) for name in identity):
                raise Refused(
                    400, {"__all__": [f"{kind} with this {' and '.join(identity)} already exists."]}
                )
        in_use = {credential["credential_type"] for credential in self.items["credentials"].values()}
        if kind == "credential_types" and number in in_use and item["inputs"] != old["inputs"]:
            raise Refused(403, {"detail": "Modifications to inputs are not allowed while in use"})
        if kind == "credentials":
            fields = self.items["credential_types"][item["credential_type"]]["inputs"]["fields"]
            if self.extra_check or item["inputs"].keys() - {field["id"] for field in fields}:
                raise Refused(400, {"inputs": [self.extra_check or "Additional properties are not allowed"]})
        if kind == "job_templates":
            project = self.items["projects"].get(item["project"], {})
            if project.get("status") != "successful" or item["playbook"] not in self.playbooks:
                raise Refused(400, {"playbook": ["Playbook not found for project."]})

    def _credentials_of(self, number: int, request: web.Request, body: Item) -> tuple[int, Any]:
        attached = self.attached.setdefault(number, [])
        mine = [self._shown("credentials", self.items["credentials"][one]) for one in attached]
        if request.method == "GET":
            return 200, page("credentials", mine, request)
        if body.get("disassociate"):
            attached.remove(body["id"])
            return 204, None
        if self.refuses_to_attach:
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        kind = self.items["credentials"][body["id"]]["credential_type"]
        if kind in [one["credential_type"] for one in mine]:
            raise Refused(400, {"error": "Cannot assign multiple credentials of one type."})
        attached.append(body["id"])
        return 204, None


def page(kind: str, items: list[Item], request: web.Request) -> Item:
    """One page of those that have what the query asks for; a filter that is no field is an error."""
    filters = {name: value for name, value in request.query.items() if name not in ("page", "page_size")}
    for name in filters:
        if name not in {"id", "organization", *FIELDS[kind]}:
            raise Refused(403, {"detail": f"{kind} has no field named {name}"})
    found = [item for item in items if all(str(item.get(name)) == value for name, value in filters.items())]
    size = min(int(request.query.get("page_size", PAGE)), LARGEST_PAGE)
    number = int(request.query.get("page", 1))
    there_is_more = number * size < len(found)
    following = request.rel_url.update_query(page=number + 1) if there_is_more else None
    return {
        "count": len(found),
        "next": str(following) if following else None,
        "previous": None,
        "results": found[(number - 1) * size : number * size],
    }
