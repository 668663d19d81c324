# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_content where a real server is hard to bring: v4's secrets and layers, and other writers."""

from __future__ import annotations

import copy
import types
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    Conflict,
    ConnectionFailed,
    DrpError,
    NotFound,
    NotPermitted,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs import contents
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.task import Task
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.content import content

Object = dict[str, t.Any]
Progress = Callable[[int, int], None]
SEALED = {"Key": "a", "Nonce": "b", "Payload": "c"}


def pack(name: str = "site", **sections: t.Any) -> Object:
    return {"meta": {"Name": name, "Version": "v1"}, "sections": sections}


class Server:
    """Layers in memory, and the few things that are asked about besides."""

    def __init__(self, *uploaded: Object, v4: bool = True) -> None:
        self.layers = {layer["meta"]["Name"]: layer for layer in uploaded}
        self.types = {"BackingStore": "writable", "BasicStore": "basic"}
        for name in self.types:
            self.layers.setdefault(name, pack(name))
        self.v4 = v4
        self.kinds: dict[str, list[Object]] = {}
        self.asked: list[str] = []
        self.writes: list[str] = []
        self.param_security: dict[str, bool] = {}
        self.warnings: list[str] = []
        self.transport = types.SimpleNamespace(environment=None)

    def has_feature(self, flag: str) -> bool:
        return self.v4

    def require_feature(self, feature: t.Any, what: str) -> None:
        if not self.v4:
            raise UsageError(f"{what}: too old")

    def list(self, kind: str, *words: str) -> list[Object]:
        self.asked.append(kind)
        return self.kinds.get(kind, [])

    def find(self, kind: str, key: str) -> Object | None:
        return next((item for item in self.kinds.get(kind, []) if item["Name"] == key), None)

    # -- the functions of contents

    def summaries(self, _client: object) -> list[Object]:
        return [
            {
                "meta": {**layer["meta"], "Type": self.types.get(name, "dynamic")},
                "Counts": {section: len(items) for section, items in layer["sections"].items()},
            }
            for name, layer in self.layers.items()
        ]

    def get_item(self, _client: object, name: str) -> Object:
        self.asked.append(name)
        if name not in self.layers:
            raise NotFound("gone", code=404)
        return copy.deepcopy(self.layers[name])

    def create(self, _client: object, item: Object, replace_writable: bool, progress: Progress) -> Object:
        progress(1, 1)
        self.writes.append(f"create {replace_writable}")
        return self._store(item)

    def replace(self, _client: object, item: Object, replace_writable: bool, progress: Progress) -> Object:
        progress(1, 1)
        self.writes.append(f"replace {replace_writable}")
        if item["meta"]["Name"] not in self.layers:
            raise NotFound("gone", code=404)
        return self._store(item)

    def _store(self, item: Object) -> Object:
        self.layers[item["meta"]["Name"]] = copy.deepcopy(item)
        return {"meta": item["meta"], "Counts": {}, "Warnings": self.warnings}


Run = Callable[..., Object]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def go(server: Server, wanted: Object, check: bool = False, **options: t.Any) -> Object:
        for name in ("summaries", "get_item", "create", "replace"):
            monkeypatch.setattr(contents, name, getattr(server, name))
        defaults = {
            "state": "present", "force": False, "replace_writable": False, "require_available": False,
        }  # fmt: skip
        task = Task(
            {**defaults, "content": wanted, **options}, check, t.cast(t.Any, server), lambda text: None
        )
        return content.run(task)

    return go


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """What the server shows of the sealed params, when it is asked for them in clear."""
    shown: dict[str, t.Any] = {}

    def get(_client: object, kind: str, key: str, name: str, **flags: bool) -> t.Any:
        assert flags["decode"]
        if shown.get(name) is None:
            raise NotPermitted("no", code=403)
        return shown[name]

    monkeypatch.setattr(params, "get", get)
    return shown


@pytest.mark.parametrize(
    ("clear", "action"),
    [("hush", "unchanged"), ("old", "updated"), (SEALED, "unchanged"), (None, "unchanged")],
)
def test_a_sealed_value_is_compared_by_the_server(
    run: Run, secret: Object, clear: t.Any, action: str
) -> None:
    secret["key"] = clear
    server = Server(pack(profiles={"p": {"Name": "p", "Params": {"key": SEALED}}}))
    wanted = pack(profiles={"p": {"Name": "p", "Params": {"key": "hush"}}})
    result = run(server, wanted)
    assert result["action"] == action
    assert "hush" not in str(result)
    if action == "updated":
        assert result["diff"]["before"]["sections"] == {"profiles": {"p": {"Params": {"key": "(hidden)"}}}}
        assert result["diff"]["after"]["sections"] == {
            "profiles": {"p": {"Params": {"key": "(hidden, changed)"}}}
        }


def test_secrets_of_the_options_are_named_to_those_who_show_them(run: Run) -> None:
    wanted = pack(
        params={"key": {"Name": "key", "Secure": True}, "open": {"Name": "open"}},
        profiles={"p": {"Name": "p", "Params": {"key": {"a": ["hush"]}, "open": "seen"}}},
        users={"u": {"Name": "u", "PasswordHash": "hash", "Secret": "secret"}},
    )
    found: set[str] = set()
    task = Task(
        {"state": "absent", "content": wanted, "force": False}, True, t.cast(t.Any, Server()), print, found
    )
    run(Server(), wanted)
    content.run(task)
    assert found == {"hush", "hash", "secret"}


def test_v4_says_itself_which_layer_an_object_is_of(run: Run) -> None:
    theirs = {"Name": "p", "ReadOnly": True, "Bundle": "other"}
    server = Server(pack("other", params={"p": {"Name": "p"}}))
    server.kinds["params"] = [theirs]
    with pytest.raises(UsageError, match="param p of other"):
        run(server, pack(params={"p": {"Name": "p"}}))
    assert "other" not in server.asked
    theirs["Bundle"] = "BasicStore"
    assert run(server, pack(params={"p": {"Name": "p"}}))["action"] == "created"


def test_objects_made_by_hand_can_be_replaced_on_v4(run: Run) -> None:
    server = Server(pack("BackingStore", params={"p": {"Name": "p"}}))
    server.kinds["params"] = [{"Name": "p", "ReadOnly": False, "Bundle": ""}]
    wanted = pack(params={"p": {"Name": "p"}})
    with pytest.raises(UsageError, match=r"param p of the server itself \(BackingStore\)"):
        run(server, wanted)
    assert run(server, wanted, check=True, replace_writable=True)["changed"]
    assert run(server, wanted, replace_writable=True)["changed"]
    assert server.writes == ["create True"]


def test_v3_is_asked_for_the_packs_only_after_a_hit(run: Run) -> None:
    server = Server(pack("other", params={"taken": {"Name": "taken"}}), v4=False)
    server.kinds["params"] = [{"Name": "taken", "ReadOnly": True}, {"Name": "basic", "ReadOnly": True}]
    assert run(server, pack(params={"mine": {"Name": "mine"}}), check=True)["changed"]
    assert server.asked == ["params"]
    assert run(server, pack(params={"basic": {"Name": "basic"}}), check=True)["changed"]
    with pytest.raises(UsageError, match="param taken of other"):
        run(server, pack(params={"taken": {"Name": "taken"}}))


def test_somebody_else_adds_the_same_pack(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pack(params={"p": {"Name": "p"}})
    server = Server()

    def create(_client: object, item: Object, *more: t.Any) -> Object:
        server.layers["site"] = copy.deepcopy(wanted)
        raise Conflict("already exists", code=409)

    server.create = create  # type: ignore[method-assign]
    assert run(server, wanted)["action"] == "unchanged"


def test_somebody_else_removes_the_pack(run: Run) -> None:
    server = Server(pack())
    real = server.replace

    def replace(client: object, item: Object, *more: t.Any) -> Object:
        server.layers.pop("site", None)
        return real(client, item, *more)

    server.replace = replace  # type: ignore[method-assign]
    assert run(server, pack(params={"p": {"Name": "p"}}))["action"] == "created"


def test_somebody_else_never_rests(run: Run) -> None:
    server = Server()

    def create(_client: object, item: Object, *more: t.Any) -> Object:
        server.writes.append("create")
        raise Conflict("already exists", code=409)

    server.create = create  # type: ignore[method-assign]
    result = run(server, pack())
    assert result["failed"]
    assert "content pack site: " in result["msg"]
    assert len(server.writes) == content.MAX_TRIES


def test_trouble_after_the_write_is_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(pack())

    def get_item(client: object, name: str) -> Object:
        if server.writes:
            raise ConnectionFailed("the line is dead")
        return Server.get_item(server, client, name)

    server.get_item = get_item  # type: ignore[method-assign]
    result = run(server, pack(params={"p": {"Name": "p"}}))
    assert result["action"] == "updated"
    assert result["warnings"] == ["content pack site is stored, but could not be checked: the line is dead"]


def test_what_cannot_be_told_apart_is_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A param that another pack defines may be secure; without an answer it is taken for secure."""
    server = Server(pack(profiles={"p": {"Name": "p", "Params": {"a": "one", "b": "x"}}}))

    def find(kind: str, key: str) -> Object:
        raise DrpError("no")

    server.find = find  # type: ignore[method-assign]
    result = run(server, pack(profiles={"p": {"Name": "p", "Params": {"a": "two", "b": "x"}}}), check=True)
    assert result["diff"]["after"]["sections"] == {"profiles": {"p": {"Params": {"a": "(hidden, changed)"}}}}
    server.find = lambda kind, key: {"Name": key, "Secure": False}  # type: ignore[method-assign]
    result = run(server, pack(profiles={"p": {"Name": "p", "Params": {"a": "two", "b": "x"}}}), check=True)
    assert result["diff"]["after"]["sections"] == {"profiles": {"p": {"Params": {"a": "two"}}}}


def test_a_plugin_is_a_prerequisite_too(run: Run) -> None:
    server = Server()
    wanted = pack()
    wanted["meta"]["Prerequisites"] = "ipmi:>=4.1.0"
    with pytest.raises(UsageError, match="not installed: ipmi:>=4.1.0. Install"):
        run(server, wanted)
    server.kinds["plugin_providers"] = [{"Name": "ipmi", "Version": "v4.0.0"}]
    with pytest.raises(UsageError, match=r"ipmi:>=4.1.0 \(installed: v4.0.0\)"):
        run(server, wanted)
    server.kinds["plugin_providers"] = [{"Name": "ipmi", "Version": "v4.1.0"}]
    assert run(server, wanted)["action"] == "created"
