# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No text of the server is ever evaluated, wherever it turns up; what is shown is what the server has.

Before ansible-core 2.19 each text in a variable is a template, so that this differs from core to core:
``make matrix`` runs it on all of them.
"""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import hostile
import pytest
import yaml
from checkout import ANSIBLE_ENVIRONMENT, ansible_core
from info_tasks import add, looked_up, run_jobs, task
from inventory_tool import read, run
from patience import LIMIT
from playbook_runner import COMMAND, PlaybookRunner, connection, machine

from simulator.launch import Simulator
from simulator.testing import Api

PARAM, OBJECT = "'digitalrebar.provision.drp_param'", "'digitalrebar.provision.drp_object'"
ODD = "trusted"
"""From ansible-core 2.19 the whole result of a module that holds this map is refused."""
VALUES = {name: value for name, value in {**hostile.TEXTS, **hostile.MAPS}.items() if name != ODD}
PARAMS = {f"text/{number}": value for number, value in enumerate(VALUES.values())}


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Path]:
    """The file that is there afterwards when a command of the server ran."""
    path = tmp_path / "hostile-mark"
    monkeypatch.setenv(hostile.MARK, str(path))
    yield path
    assert not path.exists(), "a text of the server was evaluated"


@pytest.fixture
def api(simulator: Simulator) -> Api:
    """A machine for each text, and one with all of them; a profile with them as well."""
    simulator.reset()
    api = Api(simulator)
    add(api, "params", Name="host/name", Schema={"type": "string"})
    add(api, "profiles", Name="web", Description=hostile.TEXTS["command"], Params=PARAMS)
    add(api, "machines", Name="whole", Params=PARAMS, Meta=hostile.TEXTS)
    add(api, "machines", Name="odd", Params={ODD: hostile.MAPS[ODD]})
    for number, text in enumerate(hostile.TEXTS.values()):
        params = {"host/name": text, "nested": {text: [text]}}
        add(api, "machines", Name=f"m{number:02}", Description=text, Profiles=["web"], Params=params)
    return api


EACH = {"Name": {"Between": ["m00", "m99"]}}


# -- results and lookups

WAYS = ["controller", "target"]


@pytest.mark.parametrize("run_in", WAYS)
def test_results(run_tasks: PlaybookRunner, api: Api, mark: Path, run_in: str) -> None:
    shown = "{{ result_0 }} {{ result_1.objects | map(attribute='Description') | join }}"
    played = run_tasks(
        task("info", kind="machines", id="Name:whole", run_in=run_in),
        task("info", kind="machines", filters=EACH, sort=["Name"], run_in=run_in),
        task("info", kind="profiles", id="web", run_in=run_in),
        {"ansible.builtin.set_fact": {"again": "{{ result_1.objects }}", "one": "{{ result_0.objects[0] }}"}},
        {"ansible.builtin.debug": {"msg": ["{{ again }}", "{{ one }}", shown]}},
        machine(name="copy", params="{{ result_0.objects[0].Params }}", run_in=run_in),
        {**machine(name="{{ item.Name }}", meta={"seen": "in {{ item.Params.nested }}"}, run_in=run_in),
         "loop": "{{ again[:2] }}"},
        flags=["-v"],
    )  # fmt: skip
    assert played.code == 0, played.output
    assert played[0]["objects"][0]["Params"] == PARAMS
    assert hostile.TEXTS.items() <= played[0]["objects"][0]["Meta"].items()
    assert [item["Description"] for item in played[1]["objects"]] == list(hostile.TEXTS.values())
    assert played[2]["objects"][0]["Params"] == PARAMS
    assert api("GET", "machines/Name:copy").json()["Params"] == PARAMS


@pytest.mark.parametrize("run_in", WAYS)
def test_a_map_that_ansible_takes_for_its_own(
    run_tasks: PlaybookRunner, api: Api, mark: Path, run_in: str
) -> None:
    [result] = run_tasks(task("info", kind="machines", id="Name:odd", run_in=run_in)).results
    if result["failed"]:
        assert run_in == "target"
        assert ansible_core() >= (2, 19)
        assert "'TrustedAsTemplate' is not JSON deserializable" in result["msg"]
    else:
        assert result["objects"][0]["Params"] == {ODD: hostile.MAPS[ODD]}


@pytest.mark.parametrize("run_in", WAYS)
def test_error_messages(run_tasks: PlaybookRunner, api: Api, mark: Path, run_in: str) -> None:
    """They name what the task said, which came from the server, and repeat what the server says of it."""
    found = "{{ query(" + OBJECT + ", filters={'Name': {'Between': ['m00', 'm99']}}, member='Description') }}"
    variables = {"found": found, **{f"drp_{name}": value for name, value in run_tasks.defaults.items()}}
    some = 2 if run_in == "target" else len(hostile.TEXTS)  # each costs a module the start of an interpreter
    loop = {"loop": "{{ found[:" + str(some) + "] }}", "vars": variables}
    played = run_tasks(
        {**machine(name="whole", address="{{ item }}", run_in=run_in), **loop},
        {**task("info", kind="{{ item }}", run_in=run_in), **loop},
        {**machine(name="whole", state="{{ item }}", run_in=run_in), **loop},
        {"ansible.builtin.debug": {"msg": "{{ result_1.results | map(attribute='msg') | list }}"}},
        {"ansible.builtin.debug": {"msg": ["{{ result_0 }}", "{{ result_1 }}", "{{ result_2 }}"]}},
        flags=["-v"],
    )
    for number in range(3):
        results = played[number]["results"]
        assert [result["failed"] for result in results] == [True] * some
        for result in results:
            if str(result["item"]).startswith(("{{", "{%")):
                assert result["item"].strip() in result["msg"]  # Ansible strips words before it compares them


def test_job_logs(run_tasks: PlaybookRunner, api: Api, mark: Path) -> None:
    log = "\n".join(hostile.TEXTS.values())
    run_jobs(api, log, fail_last=True)
    played = run_tasks(
        task("job_info", machine="worker", log_lines=100),
        task("wait", name="worker", until="stage=never", fail_when="available=true", timeout=LIMIT),
        {"ansible.builtin.set_fact": {"again": "{{ result_1.msg }}", "log": "{{ result_0 }}"}},
        {"ansible.builtin.debug": {"msg": ["{{ again }}", "{{ log }}", "{{ result_1 }}"]}},
        flags=["-v"],
    )
    assert played[0]["log"][-len(hostile.TEXTS) :] == log.splitlines()[-len(hostile.TEXTS) :]
    assert played[1]["failed"]
    assert hostile.TEXTS["expression"] in played[1]["msg"]


def test_lookups(run_tasks: PlaybookRunner, api: Api, mark: Path) -> None:
    variables = {f"drp_{name}": value for name, value in run_tasks.defaults.items()}
    between = "filters={'Name': {'Between': ['m00', 'm99']}}"
    names = ", ".join(f"'{name}'" for name in PARAMS)
    played = run_tasks(
        looked_up(f"query({PARAM}, {names}, machine='whole')", **variables),
        looked_up(f"query({OBJECT}, {between}, member='Params')", **variables),
        looked_up(f"lookup({OBJECT}, 'whole')", **variables),
        looked_up(f"lookup({OBJECT}, lookup({OBJECT}, 'm00').Description)", **variables),
        {"ansible.builtin.set_fact": {"params": f"{{{{ query({PARAM}, {names}, profile='web') }}}}"},
         "vars": variables},
        {"ansible.builtin.debug": {"msg": ["{{ params }}", "{{ result_3 }}", "{{ params[0] }}"]}},
        {"ansible.builtin.debug": {"msg": "{{ item }}"}, "vars": variables,
         "with_digitalrebar.provision.drp_object": ["whole", "m00"]},
        looked_up(f"lookup({OBJECT}, 'm00', member='Description')", **variables),
        flags=["-v"],
    )  # fmt: skip
    assert played[0]["msg"] == list(VALUES.values())
    assert sorted(one["host/name"] for one in played[1]["msg"]) == sorted(hostile.TEXTS.values())
    assert played[2]["msg"]["Params"] == PARAMS
    assert hostile.TEXTS["command"] in played[3]["msg"]
    assert played[5]["msg"][0] == list(VALUES.values())
    assert [item["msg"]["Name"] for item in played[6]["results"]] == ["whole", "m00"]
    assert played[7]["msg"] == hostile.TEXTS["command"]


# -- the inventory

OPTIONS = {
    "plugin": "digitalrebar.provision.drp",
    "hostnames": ["host/name", "Name"],
    "groups_by": ["profile", "stage"],
    "groups_by_params": ["host/name", "nested"],
    "group_names": "raw",
    "group_prefix": "x_",
    "profile_variables": True,
    "flatten": ["params", "machine"],
    "flatten_names": "raw",
    "host_variables": {"described": {"fields": ["Description"]}},
    "compose": {
        "copied": "drp.Description",
        "joined": "'in ' ~ drp.Description",
        "names": "drp_params.nested | default({}) | list",
        "words": "drp_params.nested | default({}) | to_json",
        "everything": "drp_params",
        "number": "drp_params | length",
    },
    "groups": {"described": "drp.Description | length > 0"},
    "keyed_groups": [
        {"key": "copied", "prefix": "key"},
        {"key": "drp_params.nested", "prefix": "pair"},
        {"key": "drp.Name", "parent_group": "p_{{ drp.Description }}"},
    ],
}
SHOWN = [
    *("inventory_hostname", "group_names", "groups", "drp", "drp_params", "described | default('')"),
    *("copied", "joined", "names", "words", "everything", "number", "hostvars | length"),
    *("hostvars[inventory_hostname].drp_params", "lookup('vars', 'drp_host/name', default='')"),
]


@pytest.fixture
def source(simulator: Simulator, api: Api, tmp_path: Path) -> Path:
    path = tmp_path / "hostile.drp.yml"
    cache = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
    }
    path.write_text(yaml.safe_dump({**OPTIONS, **connection(simulator), **cache}))
    return path


def play(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Each host shows its variables, stores them anew, shows those, and writes all into a file."""
    everything = "{{ [" + ", ".join(SHOWN) + "] }}"
    book = [
        {
            "hosts": "all",
            "gather_facts": False,
            "connection": "local",
            "tasks": [
                {"ansible.builtin.debug": {"msg": everything}},
                {"ansible.builtin.set_fact": {"anew": everything, "mine": "{{ copied | default('') }}"}},
                {
                    "ansible.builtin.debug": {
                        "msg": ["{{ anew }}", "{{ mine }}", "{{ groups.keys() | list }}"]
                    }
                },
                {"keep": {"text": "{{ anew | to_json }}", "dest": f"{folder}/{{{{ drp.Uuid }}}}.json"}},
            ],
        }
    ]
    path = folder / "hostile.yml"
    path.write_text(yaml.safe_dump(book))
    environment = {
        **ANSIBLE_ENVIRONMENT,
        "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).with_name("action")),
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
    }
    return run(source, str(path), command=COMMAND, **environment)


@pytest.mark.parametrize("cached", [False, True])
def test_inventory(source: Path, api: Api, mark: Path, tmp_path: Path, cached: bool) -> None:
    if cached:
        listed = run(source, "--list", ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS="ignore")
        assert listed.returncode == 0, listed.stderr
    done = play(source, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for item in api("GET", "machines").json():
        shown = dict(zip(SHOWN, json.loads((tmp_path / f"{item['Uuid']}.json").read_text()), strict=True))
        assert shown["drp_params"] == item["Params"] == shown["everything"]
        assert shown["drp"]["Description"] == item["Description"] == shown["copied"]
        assert shown["joined"] == f"in {item['Description']}"
        assert shown["names"] == list(item["Params"].get("nested", {}))
        assert shown["number"] == len(item["Params"])
        if item["Description"]:
            assert shown["described | default('')"] == item["Description"]
            assert f"x_host_name_{item['Description']}" in shown["group_names"]
        assert "{{ 6 * 7 }}" in str(shown["groups"])


@pytest.mark.skipif(ansible_core() >= (2, 19), reason="this core marks what it likes")
def test_only_templates_are_marked(source: Path, api: Api, mark: Path) -> None:
    """Tools that read the list, such as AWX, take a mark for a map: no plain text has one."""
    done = run(source, "--list", ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS="ignore")
    assert done.returncode == 0, done.stderr
    marked: list[str] = []

    def note(found: dict[str, t.Any]) -> t.Any:
        if isinstance(found.get("__ansible_unsafe"), str):  # a map of the server's has another in it
            marked.append(found["__ansible_unsafe"])
        return found

    json.loads(done.stdout, object_hook=note)
    assert [text for text in marked if not any(sign in text for sign in ("{{", "{%", "{#"))] == []
    assert marked
    hosts = read(done.stdout)["_meta"]["hostvars"]
    by_name = {variables["drp"]["Name"]: variables for variables in hosts.values()}
    assert by_name["m00"]["described"] == hostile.TEXTS["command"]
