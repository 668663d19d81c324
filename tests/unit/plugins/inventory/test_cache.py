# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache: a hit is what a miss would have been, and nobody is asked for it."""

from __future__ import annotations

import base64
import gc
import json
import time
import typing as t
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.plugins.inventory.conftest import new_plugin
from unit.plugins.inventory.lab import KEY, NAME, SEALED, FakeClient, dump, machine

from ansible_collections.digitalrebar.provision.plugins.inventory import drp
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory import cache as answer_cache

Options = dict[str, t.Any]
Run = Callable[..., InventoryData]

MACHINES = [
    machine(
        "a", Address="192.0.2.1", Profiles=["web", "eu"], Params={"rack/name": "r1", "unit": 3, "pin": SEALED}
    ),
    machine(
        "b", Arch="arm64", Stage="x", Params={"rack/name": "r1", "ssh/user": "me", "my-password": "known"}
    ),
    machine("c", Profiles=["eu"], Runnable=False, Meta={"color": "blue"}),
    machine("", Uuid="nameless"),
]
OBJECTS: dict[str, list[dict[str, t.Any]]] = {
    "machines": MACHINES,
    "profiles": [
        {"Name": "web", "Params": {"port": 80, "token": "secret of a profile"}, "Profiles": ["base"]},
        {"Name": "eu", "Params": {"ansible/children": ["web"]}},
        {"Name": "base", "Params": {"dns": "192.0.2.53"}},
        {"Name": "idle", "Params": None},
    ],
    "stages": [{"Name": "x", "Profiles": ["base"], "Params": {"unit": 9}}],
    "tenants": [{"Name": "blue", "Members": {"machines": ["uuid-of-a"]}}],
}


@pytest.fixture
def run(definitions: None, client: FakeClient, tmp_path: Path) -> Run:
    """Parse a file in a process of its own, as far as Ansible can tell; the cache is in a folder."""
    client.objects = OBJECTS

    def parse(cached: bool = True, cache: bool = True, **options: t.Any) -> InventoryData:
        document = {"plugin": NAME, "key": KEY, "cache": cache, "cache_plugin": "jsonfile"}
        document |= {"cache_connection": str(tmp_path / "cache"), **options}
        path = tmp_path / "drp.yml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        plugin, inventory = new_plugin(), InventoryData()
        plugin.parse(inventory, DataLoader(), str(path), cache=cached)
        if cache:
            plugin.update_cache_if_changed()
        return inventory

    return parse


@pytest.fixture
def asked(client: FakeClient) -> Callable[[], int]:
    """How many requests there were since the last time."""

    def count() -> int:
        number = len(client.asked)
        client.asked.clear()
        return number

    return count


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.sampled_from([{"Stage": "x"}, {"unit": {"Gt": 2}}, {"Arch": {"Ne": ""}}]),
        "page_size": st.sampled_from([1, 100]),
        "hostnames": st.sampled_from([["Uuid"], ["rack/name", "Name"]]),
        "ansible_host": st.sampled_from([[], ["ip", "Address"]]),
        "host_variables": st.just({"ansible_user": {"fields": ["ssh/user"], "default": "root"}}),
        "machine_variable": st.sampled_from(["", "node"]),
        "params_variable": st.sampled_from(["", "p"]),
        "params": st.sampled_from(["own", "aggregated", "none"]),
        "include_params": st.just(["rack/*"]),
        "exclude_params": st.just(["unit"]),
        "secret_params": st.sampled_from([[], ["dns", "po*"]]),
        "flatten": st.lists(st.sampled_from(["machine", "params"]), unique=True),
        "flatten_names": st.just("raw"),
        "groups_by": st.lists(st.sampled_from(["profile", "arch", "runnable", "tenant"]), unique=True),
        "groups_by_params": st.sampled_from([["rack/name"], ["Meta.color", "unit"]]),
        "group_prefix": st.just("lab_"),
        "group_parents": st.booleans(),
        "empty_profiles": st.booleans(),
        "nested_profiles": st.sampled_from(["inherit", "children", "ignore"]),
        "children_param": st.just(""),
        "compose": st.just({"rack": "drp_params['rack/name']", "loud": "drp.Name | upper"}),
        "groups": st.just({"broken": "not drp.Available", "web": "'web' in drp.Profiles"}),
        "keyed_groups": st.just([{"key": "drp.Arch", "prefix": "a"}, {"key": "loud"}]),
        "stale_on_error": st.booleans(),
    },
)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Between two inventories of one process all garbage is collected, of all that the tests have loaded."""
    gc.disable()
    yield
    gc.enable()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=OPTIONS, second=OPTIONS)
def test_a_hit_is_what_a_miss_would_be(
    no_collector: None, run: Run, asked: Callable[[], int], first: Options, second: Options
) -> None:
    run(**first)  # whatever an earlier example has left
    for options in (first, {**first, **second}, first):
        without = dump(run(cache=False, **options))
        needed = asked()
        assert dump(run(**options)) == without
        assert asked() in (0, needed)
        assert dump(run(**options)) == without
        assert asked() == 0


def test_requests(run: Run, asked: Callable[[], int]) -> None:
    run(cache=False)
    run(cache=False)
    assert asked() == 4
    run()
    assert asked() == 2
    run()
    assert asked() == 0
    run(cached=False)  # --flush-cache, and meta: refresh_inventory
    assert asked() == 2
    run(refresh_cache=True)
    assert asked() == 2
    run()
    assert asked() == 0


def test_what_a_refresh_reads_is_stored(run: Run, client: FakeClient) -> None:
    run()
    client.objects = {**OBJECTS, "machines": [machine("new")]}
    assert "new" not in run().hosts
    assert list(run(cached=False).hosts) == ["new"]
    assert list(run().hosts) == ["new"]


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        ({"groups_by": []}, 1),
        ({"groups_by": ["stage"]}, 1),
        ({"filters": {"Stage": "x"}}, 2),
        ({"secret_params": ["x"]}, 2),
        ({"endpoint": "https://other.example.com"}, 2),
        ({"key": "other:user"}, 2),
        ({"key": None, "username": "other", "password": "user"}, 2),
        ({"key": None, "token": "of-somebody"}, 2),
        ({"params": "aggregated"}, 4),
        ({"key": f"{KEY.partition(':')[0]}:another password"}, 0),
        ({"group_prefix": "x"}, 0),
        ({"compose": {"x": "drp.Name"}}, 0),
        ({"page_size": 10}, 0),
    ],
)
def test_an_entry_answers_only_its_own_question(
    run: Run, asked: Callable[[], int], options: Options, requests: int
) -> None:
    run()
    asked()
    run(**options)
    assert asked() == requests


def test_time_out(run: Run, asked: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    run(cache_timeout=100)
    now = time.time()
    asked()
    monkeypatch.setattr(time, "time", lambda: now + 99)
    run(cache_timeout=100)
    assert asked() == 0
    monkeypatch.setattr(time, "time", lambda: now + 102)
    run(cache_timeout=1000)
    run(cache_timeout=0)
    assert asked() == 0
    run(cache_timeout=100)
    assert asked() == 2


def test_an_entry_that_cannot_be_read_is_a_miss(
    no_collector: None, run: Run, asked: Callable[[], int], tmp_path: Path
) -> None:
    run()
    [entry] = (tmp_path / "cache").iterdir()
    whole = entry.read_text()
    assert '"answer' in whole.replace("\\", "")
    for text in ("", "{", '{"x": 1}', "[]", whole.replace("eJ", "xx"), whole.replace("stored", "Stored")):
        entry.write_text(text)
        asked()
        run()
        assert asked() == 2, text
        run()
        assert asked() == 0


def test_no_secret_is_stored(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[t.Any] = []
    pack = answer_cache.pack

    def spy(answer: t.Any, mark: str) -> t.Any:
        stored.append(repr(answer))
        return pack(answer, mark)

    monkeypatch.setattr(answer_cache, "pack", spy)
    run(params="aggregated", stale_on_error=True)
    [entry] = (tmp_path / "cache").iterdir()
    unpacked = answer_cache.unpack(*_entry(entry))
    assert unpacked is not None
    for text in (*stored, repr(unpacked.answer), entry.read_text()):
        for secret in ("machine-secret", "known", "secret of a profile", "cGF5bG9hZA", KEY.partition(":")[2]):
            assert secret not in text
    assert "rack/name" in stored[0]


def _entry(path: Path) -> tuple[t.Any, str]:
    document = json.loads(json.loads(path.read_text())["__payload__"])
    return document, document["fingerprint"]


# -- when the server is away

AWAY = [
    errors.ConnectionFailed("nobody there"),
    errors.ApiError("no time", type="GET", code=503),
    errors.ApiError("too many", type="GET", code=429),
    errors.UnreadableAnswer("half a page", type="GET", code=200),
]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__ + str(error.code))
@pytest.mark.parametrize("cached", [True, False])
def test_the_old_answer_is_used_and_told(
    run: Run, client: FakeClient, monkeypatch: pytest.MonkeyPatch, error: errors.DrpError, cached: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(drp.InventoryModule, "display", _Display(told), raising=False)
    monkeypatch.setattr("ansible.plugins.inventory.display", _Display(told))
    before = dump(run(stale_on_error=True, cache_timeout=10))
    told.clear()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 5000)
    client.error = error
    after = dump(run(stale_on_error=True, cache_timeout=10, cached=cached))
    assert after == before
    [text] = [text for text in told if "stale_on_error" in text]
    assert error.messages[0] in text
    assert "Using the cached answer, which is 500" in text


class _Display:
    def __init__(self, told: list[str]) -> None:
        self.warning = told.append

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None


@pytest.mark.parametrize(
    "error",
    [
        errors.CertificateRejected("another certificate"),
        errors.LoginRequired("no", type="AUTH", code=401),
        errors.NotPermitted("no", type="AUTH", code=403),
        errors.ApiError("Filter not found: x", type="GET", code=406),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_stay_errors(run: Run, client: FakeClient, error: errors.DrpError) -> None:
    run(stale_on_error=True, cache_timeout=10)
    client.error = error
    with pytest.raises(AnsibleParserError):
        run(stale_on_error=True, cached=False)


def test_without_the_option_or_an_entry_it_is_an_error(run: Run, client: FakeClient) -> None:
    client.error = errors.ConnectionFailed("nobody there")
    with pytest.raises(AnsibleParserError, match="nobody there"):
        run(stale_on_error=True)
    client.error = None
    run()
    client.error = errors.ConnectionFailed("nobody there")
    with pytest.raises(AnsibleParserError, match="nobody there"):
        run(cached=False)


# -- the entry itself


def test_fingerprints() -> None:
    one = answer_cache.fingerprint({"a": 1, "b": (1, 2)}, ["x"])
    assert one == answer_cache.fingerprint({"b": [1, 2], "a": 1}, ["x"])
    assert one != answer_cache.fingerprint({"a": 1, "b": (2, 1)}, ["x"])
    assert len(one) == 64


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_packed_and_unpacked(value: t.Any) -> None:
    answer = {"machines": [{"value": value}]}
    entry = answer_cache.unpack(answer_cache.pack(answer, "mark"), "mark")
    assert entry is not None
    assert entry.answer == answer
    assert entry.age() < 60
    assert answer_cache.unpack(answer_cache.pack(answer, "mark"), "other") is None


def _of_one_table(table: str) -> str:
    return f'{{"machines": {{"tables": [{table}], "order": null}}}}'


@pytest.mark.parametrize(
    "document",
    [
        *("", "[]", "5", "{}", '{"machines": 5}', '{"machines": {}}'),
        '{"machines": {"tables": [], "order": null}}',
        _of_one_table("[]"),
        _of_one_table('{"names": ["a"], "count": 2, "columns": []}'),
        _of_one_table('{"names": ["a"], "count": 2, "columns": [5]}'),
        _of_one_table('{"names": ["a"], "count": 2, "columns": [[1]]}'),
        _of_one_table('{"names": [["a"]], "count": 2, "columns": [[1, 2]]}'),
        _of_one_table('{"names": ["a"], "count": "x", "columns": [{"value": 1}]}'),
    ],
)
def test_an_answer_that_was_not_packed_here_is_a_miss(document: str) -> None:
    packed = base64.b64encode(zlib.compress(document.encode())).decode("ascii")
    entry = {"fingerprint": "mark", "stored": 1.0, "answer": packed}
    assert answer_cache.unpack(entry, "mark") is None


def test_the_answer_is_text_without_the_names_of_each_machine() -> None:
    machines = [{"Name": f"node-{number}", "Params": {"rack": number}} for number in range(100)]
    packed = answer_cache.pack({"machines": machines}, "mark")["answer"]
    document = zlib.decompress(base64.b64decode(packed)).decode()
    assert document.count('"Params"') == document.count('"rack"') == 1
