# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the shape of the collection: who may import whom, licences, routing and file sizes."""

from __future__ import annotations

import ast
import importlib.util
import pathlib
import sys
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.digitalrebar.provision."
UTILS = "plugins.module_utils"
ACTION = "digitalrebar.provision.drp_object"

MAX_LINES = 400
MAX_MODULE_CODE = 150
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

STDLIB = "the standard library"
ANSIBLE_UTILS = "ansible.module_utils"
ROOMS = {"client", "converge", "resources", "agent", "options", "runner", "module_main"}
CLIENT_LIBRARIES = {"requests", "urllib3", "jsonpatch", "yaml", "websocket", "nacl"}

# room -> what it may import beside itself and the standard library; every other import is a mistake.
# A file or folder in module_utils that is not a room has no place in the design, and fails.
ARROWS: dict[str, set[str]] = {
    "client": CLIENT_LIBRARIES,
    "converge": {"client"},
    "resources": {"converge", "client", "agent"},  # agent_package builds the agent
    "agent": {"client"},
    "options": {"resources", "converge", "client", ANSIBLE_UTILS},
    "runner": {"options", "converge", "client"},
    "module_main": {"runner", ANSIBLE_UTILS},
    "plugins/modules": ROOMS | {ANSIBLE_UTILS},
    "plugins/doc_fragments": set(),
}
# inventory, lookup, action and so on run on the controller and may use all there is
OUTER = ROOMS | {ANSIBLE_UTILS, "ansible", "plugins/plugin_utils", "plugins/action", "plugins/modules"}
OUTER |= {"jinja2"}  # Ansible brings it


def room_of(module: str) -> str:
    """The room of a module of this collection, e.g. ``plugins.module_utils.client.auth`` -> ``client``."""
    parts = module.split(".")
    if module.startswith(UTILS + "."):
        return parts[2]
    return "/".join(parts[:2])


def origin(module: str) -> str:
    """What an absolute import reaches: a room, STDLIB, ANSIBLE_UTILS, or the name of a package."""
    if module.startswith(COLLECTION):
        return room_of(module[len(COLLECTION) :])
    if module == ANSIBLE_UTILS or module.startswith(ANSIBLE_UTILS + "."):
        return ANSIBLE_UTILS
    top = module.split(".")[0]
    return STDLIB if top in STDLIB_NAMES else top


def imports(source: str, module: str, is_package: bool = False) -> t.Iterator[tuple[int, str]]:
    """Yield line and absolute name of everything that ``source`` imports, wherever it stands."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = COLLECTION + ".".join([*above, *filter(None, [base])])
            for alias in node.names:  # what is imported may itself be a module: `from .. import runner`
                yield node.lineno, f"{base}.{alias.name}"


def wrong_imports(source: str, module: str, is_package: bool = False) -> list[str]:
    """The imports of ``source`` that go against the arrows, each as ``line: what``."""
    room = room_of(module)
    if module.startswith(UTILS + ".") and room not in ROOMS:
        return [f"{room} is none of the rooms {sorted(ROOMS)}"]
    allowed = ARROWS.get(room, OUTER) | {room, STDLIB}
    return [
        f"line {line}: {room} must not import {name}"
        for line, name in imports(source, module, is_package)
        if origin(name) not in allowed
    ]


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


STDLIB_NAMES = sys.stdlib_module_names
FILES = sorted(PLUGINS.rglob("*.py"))
MODULES = sorted(path for path in PLUGINS.glob("modules/*.py") if path.name != "__init__.py")
every_file = pytest.mark.parametrize("path", FILES, ids=names(FILES))
every_module = pytest.mark.parametrize("path", MODULES, ids=names(MODULES))


@pytest.fixture(scope="module")
def runtime() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8")))


@every_file
def test_arrows(path: pathlib.Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert wrong_imports(source, module_name(path), path.name == "__init__.py") == []


@every_file
def test_licence(path: pathlib.Path) -> None:
    source = path.read_text(encoding="utf-8")
    if path.name == "__init__.py" and not source:
        return  # sanity wants some of them empty; REUSE.toml licenses them
    licence = "BSD-2-Clause" if PLUGINS / "module_utils" in path.parents else "GPL-3.0-or-later"
    tags = [line.split() for line in source.splitlines()[:6] if line.startswith("# SPDX-")]
    assert [words[-1] for words in tags] == [licence]


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
    stale = [path.name for path, text in generate.generated().items() if path.read_text("utf-8") != text]
    assert stale == [], "run make format"


def test_runtime_names_every_module_and_nothing_more(runtime: dict[str, t.Any]) -> None:
    present = {path.stem for path in MODULES}
    group = runtime["action_groups"]["drp"]
    assert len(group) == len(set(group))
    assert set(group) == present
    assert runtime["plugin_routing"]["modules"] == {name: {"action_plugin": ACTION} for name in present}


def test_runtime_routes_no_action(runtime: dict[str, t.Any]) -> None:
    # an action redirect would give the module_defaults of one module to all of them
    assert "action" not in runtime["plugin_routing"]
    assert MODULES == [] or (PLUGINS / "action" / f"{ACTION.rpartition('.')[2]}.py").is_file()


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
        ("plugins.module_utils.helpers", "import os"),
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
        ("plugins.module_utils.runner", "from . import options"),
        ("plugins.modules.drp_machine", f"from {COLLECTION}{UTILS}.runner import run"),
        ("plugins.action.drp_object", "from ansible.plugins.action import ActionBase"),
    ],
)
def test_the_check_accepts(module: str, statement: str) -> None:
    assert wrong_imports(statement, module) == []


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
