# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the shape of the collection: who may import whom, licences, routing and file sizes."""

from __future__ import annotations

import ast
import importlib.util
import pathlib
import re
import typing as t

import pytest
import yaml
from rooms import (
    ARROWS,
    COLLECTION,
    MAX_FILES,
    UTILS,
    crowded,
    find_circle,
    import_graph,
    unused_arrows,
    wrong_imports,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
NAMESPACE = "digitalrebar.provision"
PER_MODULE = {PLUGINS / "modules", PLUGINS / "action"}
"""Folders with one file for each module."""

MAX_LINES = 400
MAX_MODULE_CODE = 150
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def module_name(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def code_lines(source: str) -> int:
    """The lines of a module outside its documentation blocks."""
    count = len(source.splitlines())
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and {ast.unparse(target) for target in node.targets} & DOCUMENTATION:
            count -= (node.end_lineno or node.lineno) - node.lineno + 1
    return count


def names(paths: t.Iterable[pathlib.Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


FILES = sorted(PLUGINS.rglob("*.py"))
MODULES = sorted(path for path in PLUGINS.glob("modules/*.py") if path.name != "__init__.py")
SOURCES = {module_name(path): path.read_text(encoding="utf-8") for path in FILES}
PACKAGES = {module_name(path) for path in FILES if path.name == "__init__.py"}
every_file = pytest.mark.parametrize("path", FILES, ids=names(FILES))
every_module = pytest.mark.parametrize("path", MODULES, ids=names(MODULES))


@pytest.fixture(scope="module")
def runtime() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8")))


@every_file
def test_arrows(path: pathlib.Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert wrong_imports(source, module_name(path), path.name == "__init__.py") == []


def test_every_arrow_is_used() -> None:
    assert unused_arrows({name: text for name, text in SOURCES.items() if name not in PACKAGES}) == []


def test_no_import_runs_in_a_circle() -> None:
    assert find_circle(import_graph(SOURCES, PACKAGES)) == []
    assert find_circle({room: ends & ARROWS.keys() for room, ends in ARROWS.items()}) == []


def test_no_folder_is_crowded() -> None:
    assert crowded(path for path in FILES if path.parent not in PER_MODULE) == []


@every_file
def test_licence(path: pathlib.Path) -> None:
    source = path.read_text(encoding="utf-8")
    if path.name == "__init__.py" and not source:
        return  # sanity wants some of them empty; REUSE.toml licenses them
    licence = "BSD-2-Clause" if PLUGINS / "module_utils" in path.parents else "GPL-3.0-or-later"
    tags = [line.split() for line in source.splitlines()[:6] if line.startswith("# SPDX-")]
    assert [words[-1] for words in tags] == [licence]


@every_file
def test_no_body_stands_on_the_line_of_its_function(path: pathlib.Path) -> None:
    """The style of ansible-test before 2.18, which the formatter does not hold."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.search(r"^ *(async )?(def .*|\) -> .*): \.\.\.$", line)] == []


@every_file
def test_size_and_syntax(path: pathlib.Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_LINES
    ast.parse(source, feature_version=(3, 9))


@every_module
def test_modules_are_thin(path: pathlib.Path) -> None:
    assert code_lines(path.read_text(encoding="utf-8")) <= MAX_MODULE_CODE


def test_what_is_generated_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "tests/tools/generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert set(generate.modules()) == {path.stem for path in MODULES}
    wanted = generate.generated().items()
    stale = [path.name for path, text in wanted if not path.exists() or path.read_text("utf-8") != text]
    assert stale == [], "run make format"


def test_runtime_names_every_module_and_nothing_more(runtime: dict[str, t.Any]) -> None:
    present = {path.stem for path in MODULES}
    group = runtime["action_groups"]["drp"]
    assert len(group) == len(set(group))
    assert set(group) == present
    routes = {name: {"action_plugin": f"{NAMESPACE}.{name}"} for name in present}
    assert runtime["plugin_routing"]["modules"] == routes
    assert {path.stem for path in PLUGINS.glob("action/*.py")} == present


def test_runtime_routes_no_action(runtime: dict[str, t.Any]) -> None:
    # an action redirect would give the module_defaults of one module to all of them
    assert "action" not in runtime["plugin_routing"]


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("plugins.module_utils.client.auth", "import ansible"),
        ("plugins.module_utils.client.auth", "from ansible.module_utils.basic import AnsibleModule"),
        ("plugins.module_utils.client.auth", "from ..converge import plan"),
        ("plugins.module_utils.client.auth", "from .. import runner"),
        ("plugins.module_utils.client.auth", "def late():\n    import aiohttp"),
        ("plugins.module_utils.converge.plan", "import requests"),
        ("plugins.module_utils.converge.plan", "from .. import resources"),
        ("plugins.module_utils.resources.machine", "from ..options import connection"),
        ("plugins.module_utils.agent.command.cli", f"import {COLLECTION}{UTILS}.converge.plan"),
        ("plugins.module_utils.agent.command.cli", f"from {COLLECTION}{UTILS} import runner"),
        ("plugins.module_utils.runner", "from ansible.module_utils.basic import env_fallback"),
        ("plugins.module_utils.runner", "from . import agent"),
        ("plugins.module_utils.runner", "from . import resources"),
        ("plugins.module_utils.options", "from ansible.errors import AnsibleError"),
        ("plugins.module_utils.runner", "from .resources.machine import run"),
        ("plugins.module_utils.helpers", "import os"),
        ("plugins.module_utils.client.news.feed", "import os"),
        ("plugins.cliconf.drp", "import os"),
        ("plugins.module_utils.client.request", "from .events import stream"),
        ("plugins.module_utils.client.events.stream", "from ..waiting.wait import wait_for"),
        ("plugins.module_utils.client.events.channel", "import websocket"),
        ("plugins.module_utils.client.objects.params", "from . import params\nfrom ..packs import pack"),
        ("plugins.module_utils.client.files.blobs", "def late():\n    from ..waiting import wait"),
        ("plugins.module_utils.converge.engine", "from ..client.waiting.wait import wait_for"),
        ("plugins.module_utils.resources.prefs", "from .waiting import waiting"),
        ("plugins.module_utils.resources.dhcp.subnet", "from ..objects import run"),
        ("plugins.module_utils.resources.bootenv.isos", "from ..content import source"),
        ("plugins.module_utils.agent.script.spool", "from ..job.job_log import JobLog"),
        ("plugins.module_utils.agent.script.spool", "from ..retry import StopSignal"),
        ("plugins.module_utils.agent.job.job_log", "from ..host import power"),
        ("plugins.module_utils.agent.retry", "from .job import job_requests"),
        ("plugins.module_utils.agent.machine_agent", "from .command import config"),
        ("plugins.module_utils.agent.host.reboot", "from ..script import launch"),
        ("plugins.modules.drp_machine", "from ..module_utils import runner"),
        ("plugins.modules.drp_machine", "from ..module_utils.client.client import Client"),
        ("plugins.inventory.drp", "from ..module_utils.resources import lookup"),
        ("plugins.modules.drp_machine", "from ansible.plugins.action import ActionBase"),
        ("plugins.modules.drp_machine", "from ansible_collections.community.general.plugins import x"),
    ],
)
def test_the_check_refuses(module: str, statement: str) -> None:
    assert wrong_imports(statement, module)


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("plugins.module_utils.client.auth", "import json, requests\nfrom . import errors"),
        ("plugins.module_utils.converge.plan", "from ..client.patch import gen_patch"),
        ("plugins.module_utils.agent.command.cli", "from ... import client\nfrom .. import state"),
        ("plugins.module_utils.options", "from ansible.module_utils.basic import env_fallback"),
        ("plugins.module_utils.agent.machine_agent", "from .host import power"),
        ("plugins.module_utils.client.client", "from .events import stream"),
        ("plugins.module_utils.client.waiting.wait", "from ..events.stream import EventStream"),
        ("plugins.module_utils.runner", "from . import options"),
        ("plugins.modules.drp_machine", f"from {COLLECTION}{UTILS}.module_main import main"),
        ("plugins.plugin_utils.in_process", "from ansible.plugins.action import ActionBase"),
    ],
)
def test_the_check_accepts(module: str, statement: str) -> None:
    assert wrong_imports(statement, module) == []


def test_the_check_finds_an_arrow_that_is_not_used() -> None:
    one = {"plugins.module_utils.client.waiting.wait": "from ..auth import Session"}
    assert "client/waiting -> client" not in unused_arrows(one)
    assert "client/waiting -> client/events" in unused_arrows(one)
    own = {"plugins.module_utils.client.client": "from .events import stream"}
    assert "client.client -> client/events" in unused_arrows(one)
    assert "client.client -> client/events" not in unused_arrows(own)


@pytest.mark.parametrize(
    "third",
    [
        "from . import one",
        "from .one import Name",
        "import typing as t\nif t.TYPE_CHECKING:\n    from .one import Name",
        "def late():\n    from ..client import one",
        f"import {COLLECTION}{UTILS}.client.one",
    ],
)
def test_a_circle_is_found(third: str) -> None:
    package = f"{UTILS}.client"
    files = {
        f"{package}.one": "from .two import Name",
        f"{package}.three": third,
        f"{package}.two": "from . import three",
        f"{package}.zero": "from . import one",
    }
    assert find_circle(import_graph(files)) == [
        f"{package}.{name}" for name in ("one", "two", "three", "one")
    ]
    assert find_circle(import_graph({**files, f"{package}.three": "import json"})) == []


def test_a_circle_through_a_package_is_found() -> None:
    files = {f"{UTILS}.client": "from .one import Name", f"{UTILS}.client.one": "from ..client import Other"}
    assert find_circle(import_graph(files, {f"{UTILS}.client"})) == [*files, f"{UTILS}.client"]


def test_a_crowded_folder_is_found() -> None:
    room = [pathlib.Path(f"room/file{number}.py") for number in range(MAX_FILES)]
    assert crowded([*room, pathlib.Path("room/__init__.py"), pathlib.Path("other/one.py")]) == []
    assert crowded([*room, pathlib.Path("room/one_more.py")]) == ["room"]


def test_documentation_is_not_code() -> None:
    assert code_lines('import os\nDOCUMENTATION = r"""\n---\nmodule: x\n"""\nRETURN = ""\n\nmain()\n') == 3


TARGETS = ROOT / "tests/integration/targets"


def test_every_module_has_a_target_of_ansible_test() -> None:
    aliases = [line for path in TARGETS.glob("*/aliases") for line in path.read_text().splitlines()]
    covered = {path.name for path in TARGETS.iterdir()} | set(aliases)
    assert {path.stem for path in MODULES} - covered == set()


@pytest.mark.parametrize("layer", ["unit", "integration"])
def test_ansible_test_installs_what_the_plugins_need(layer: str) -> None:
    """Its lists cannot include another."""
    needed = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if ">=" in line[:30]]
    listed = (ROOT / f"tests/{layer}/requirements.txt").read_text().splitlines()
    assert [line for line in needed if not line.startswith("#") and line not in listed] == []
