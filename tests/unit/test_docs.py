# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides say what is so: options exist, error texts are those of the sources, links lead somewhere."""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from rooms import ARROWS, FILE_ARROWS, import_graph
from yamllint import linter
from yamllint.config import YamlLintConfig

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "roles/agent/README.md"]
MODULES = "ansible_collections.digitalrebar.provision.plugins.modules"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = "digitalrebar.provision."
STYLE = YamlLintConfig((ROOT / ".yamllint").read_text("utf-8").replace("ignore-from-file: .gitignore", ""))


class Loader(yaml.SafeLoader):
    """Knows Ansible's own tags."""


for tag in ("!unsafe", "!vault"):
    Loader.add_constructor(tag, lambda loader, node: loader.construct_scalar(node))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def complaints(module: str, options: dict[str, t.Any]) -> list[str]:
    """What is wrong with the options of a task; values that are templates are taken as they are."""
    spec = importlib.import_module(f"{MODULES}.{module}").SPEC
    lenient = {name: {**option} for name, option in spec["argument_spec"].items()}
    for name, value in options.items():
        if isinstance(value, str) and "{{" in value and name in lenient:
            lenient[name] = {"type": "raw"}
    result = ArgumentSpecValidator(**{**spec, "argument_spec": lenient}).validate(options)
    return [str(message) for message in result.error_messages]


# -- from drpcli


def drpcli_tasks() -> list[tuple[str, str]]:
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", text_of(ROOT / "docs/from-drpcli.md"), re.MULTILINE)
    return [(command, task[1:-1]) for command, task in rows if task.startswith("`drp_")]


@pytest.mark.parametrize(("command", "task"), drpcli_tasks(), ids=lambda text: text[:40])
def test_each_command_has_a_task(command: str, task: str) -> None:
    ((module, options),) = yaml.safe_load(task).items()
    assert complaints(module, options) == [], command


COMMANDS = (Path(__file__).parent / "data/drpcli_commands.txt").read_text(encoding="utf-8").splitlines()


def patterns_of(cell: str) -> list[str]:
    """Regular expressions of the commands in the first column of the table of all commands."""
    return [
        re.escape(name).replace("KIND", "[a-z_]+").replace(r"\ \.\.\.", r"(\ .+)?")
        for name in re.findall("`(.+?)`", cell)
    ]


def test_each_command_of_drpcli_has_a_task_or_a_reason() -> None:
    text = text_of(ROOT / "docs/from-drpcli.md").partition("## All commands of drpcli")[2]
    rows = re.findall(r"^\| (`.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert all(re.match(r"`drp_\w+: |none[: ]", answer) for _commands, answer in rows)
    patterns = [pattern for commands, _answer in rows for pattern in patterns_of(commands)]
    assert [name for name in COMMANDS if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []
    assert [
        pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in COMMANDS)
    ] == []
    assert len(COMMANDS) == len(set(COMMANDS)) == 567


# -- examples


def tasks_in(document: t.Any) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Tasks of our modules, wherever they stand."""
    if isinstance(document, list):
        for entry in document:
            yield from tasks_in(entry)
    elif isinstance(document, dict):
        for name, value in document.items():
            module = str(name).removeprefix(NAME)
            if str(name).startswith(NAME) and (ROOT / f"plugins/modules/{module}.py").exists():
                yield module, value if isinstance(value, dict) else {}
            else:
                yield from tasks_in(value)


def yaml_blocks() -> list[tuple[str, str]]:
    return [
        (f"{page.name}:{number}", block)
        for page in PAGES
        if page.exists()
        for number, (language, block) in enumerate(FENCE.findall(text_of(page)))
        if language in ("yaml", "yml")
    ]


@pytest.mark.parametrize(("where", "block"), yaml_blocks(), ids=lambda text: text[:30])
def test_each_block_of_yaml_is_right(where: str, block: str) -> None:
    assert [str(problem) for problem in linter.run(textwrap.dedent(block), STYLE)] == [], where
    for module, options in tasks_in(yaml.load(block, Loader)):
        assert complaints(module, options) == [], where


def examples() -> list[tuple[str, str]]:
    found = []
    for path in sorted((ROOT / "plugins/modules").glob("drp_*.py")):
        found.append((path.stem, str(importlib.import_module(f"{MODULES}.{path.stem}").EXAMPLES)))
    return found


@pytest.mark.parametrize(("module", "text"), examples(), ids=lambda text: text[:30])
def test_the_examples_of_each_module_are_right(module: str, text: str) -> None:
    assert [str(problem) for problem in linter.run(text.strip() + "\n", STYLE)] == []
    tasks = list(tasks_in(yaml.load(text, Loader)))
    assert module in {name for name, _options in tasks}
    for name, options in tasks:
        assert complaints(name, options) == []


# -- error texts


@functools.cache
def literals() -> list[str]:
    """All texts in the sources; what is filled in later is a blank."""
    found = []
    for path in [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "extensions").rglob("*.py")]:
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                found.append("".join(str(part) for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    for path in (ROOT / "roles").rglob("*.yml"):
        found.append(re.sub(r"\{\{.*?\}\}", "\0", " ".join(text_of(path).split())))
    return found


def troubles() -> list[str]:
    return re.findall(r"^### (.+)$", text_of(ROOT / "docs/troubleshooting.md"), re.MULTILINE)


def is_ours(quoted: str) -> bool:
    """Whether the sources have such a text; ``…`` and ``...`` stand for anything."""
    parts = [part.strip() for part in re.split(r"…|\.\.\.", quoted) if part.strip()]
    pattern = re.compile(".*?".join(map(re.escape, parts)), re.DOTALL)
    return any(pattern.search(text) for text in literals())


@pytest.mark.parametrize("trouble", troubles())
def test_each_trouble_is_one_of_ours(trouble: str) -> None:
    assert is_ours(trouble)


NOT_OURS = (
    "couldn't resolve module/action",
    "Playbook not found",
    "hosts of the inventory",
    "the playbook says",
)


def errors_in_tables() -> list[tuple[str, str]]:
    """Page and text of what tables headed "Error" quote."""
    tables = [
        (page, re.findall(r"^\| Error \|.*\n((?:\|.*\n)+)", text_of(page), re.MULTILINE)) for page in DOCS
    ]
    rows = [(page.name, row) for page, found in tables for table in found for row in table.splitlines()[1:]]
    cells = [(page, row.split(" | ")[0].lstrip("| ")) for page, row in rows]
    return [(page, cell) for page, cell in cells if not cell.strip("`").startswith(NOT_OURS)]


def test_errors_in_tables_are_ours() -> None:
    quoted = [(page, text) for page, cell in errors_in_tables() for text in re.findall("`([^`]+)`", cell)]
    assert {page for page, _text in quoted} == {"awx.md", "eda.md"}
    assert [(page, text) for page, text in quoted if not is_ours(text.replace("RS_KEY", "..."))] == []


def test_a_text_that_nobody_wrote_is_found_out() -> None:
    assert is_ours("no credentials: set token, or ...")
    assert not is_ours("no credentials: write a letter, or ...")


# -- the map


def drawn_arrows(page: str) -> set[tuple[str, str]]:
    """The arrows of the first picture, between rooms; nodes in round brackets are no rooms."""
    found = set()
    (picture,) = re.findall(r"^```mermaid\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for starts, ends in re.findall(r"^ *([\w &]+?) -\.?->(?:\|.*?\|)? ([\w &]+)$", picture, re.MULTILINE):
        found |= {(start, end) for start in starts.split(" & ") for end in ends.split(" & ")}
    return {(start, end) for start, end in found if not re.search(rf"\b{start}\(\[", picture)}


def rooms_to_draw() -> set[tuple[str, str]]:
    """The arrows between the large rooms, and those inside client and agent, by the ids of the picture."""
    arrows = {(start, end) for start, ends in ARROWS.items() for end in ends & ARROWS.keys()}
    arrows |= {(name.partition(".")[0], end) for name, ends in FILE_ARROWS.items() for end in ends}
    drawn = set()
    for start, end in arrows:
        rooms = [room.removeprefix("plugins/").split("/") for room in (start, end)]
        if rooms[0][0] != rooms[1][0]:
            drawn.add((rooms[0][0], rooms[1][0]))
        elif rooms[0][0] in ("client", "agent"):
            drawn.add(("_".join([*rooms[0], "base"][:2]), "_".join([*rooms[1], "base"][:2])))
    return drawn


def test_the_picture_shows_the_arrows() -> None:
    assert drawn_arrows(text_of(ROOT / "docs/architecture.md")) == rooms_to_draw()


def test_arrows_are_read_from_a_picture() -> None:
    picture = """```mermaid
    user([user]) --> one
    one --> two & three
    two -.->|"a file"| three
    three <--> server([server])
```
"""
    assert drawn_arrows(picture) == {("one", "two"), ("one", "three"), ("two", "three")}


WALK = re.compile(r"^\d\. `(plugins/[^`]+\.py)`: (.*?)(?=^\d\. |^$)", re.MULTILINE | re.DOTALL)


def defined_in(path: Path) -> set[str]:
    """The functions and all-capital names that a file defines."""
    names = set()
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.FunctionDef):
            names.add(f"{node.name}()")
        elif isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
    return names


def test_an_option_is_followed_through_six_files_at_most() -> None:
    steps = WALK.findall(text_of(ROOT / "docs/architecture.md"))
    assert 4 <= len(steps) <= 6
    for path, text in steps:
        named = set(re.findall(r"`(\w+\(\)|SPEC)`", text))
        assert named, path
        assert named <= defined_in(ROOT / path), path
    assert '"params": {' in text_of(ROOT / steps[0][0])
    names = {path.removesuffix(".py").replace("/", "."): text_of(ROOT / path) for path, _text in steps}
    graph = import_graph(names)
    for one, other in itertools.pairwise(names):
        assert other in graph[one] or one in graph[other], (one, other)


def test_every_room_has_a_line_in_the_table() -> None:
    page = text_of(ROOT / "docs/architecture.md")
    table = page[page.index("## Where a line") : page.index("## Add a module")]
    rooms = {room for room in ARROWS if "/" not in room or room.startswith(("client/", "agent/"))}
    utils = ROOT / "plugins/module_utils"
    shown = {room: f"{room}/" if (utils / room).is_dir() else f"{room}.py" for room in rooms}
    assert [room for room, name in sorted(shown.items()) if f"`{name}`" not in table] == []


# -- links


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(page)):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


def anchors(page: Path) -> set[str]:
    """The fragments under which the headings of a page are reached."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda page: page.name)
def test_links_reach_a_heading(page: Path) -> None:
    for target, fragment in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text_of(page)):
        if "://" not in target:
            assert fragment in anchors(page.parent / target if target else page), fragment


def test_anchors_are_those_of_headings() -> None:
    found = anchors(ROOT / "docs/troubleshooting.md")
    assert {"boot-environments", "is-this-the-api-port-of-a-drp-server"} <= found
    assert "the-right-server" not in found


def test_every_guide_is_named_in_the_readme() -> None:
    readme = text_of(ROOT / "README.md")
    assert [page.name for page in DOCS if f"docs/{page.name}" not in readme] == []


def test_every_guide_has_a_line_on_the_first_page_of_the_site() -> None:
    first = text_of(ROOT / "tests/tools/site/index.md")
    table = re.findall(r"^\| \[[^\]]+\]\((\w[\w-]*)\.md\) \|", first, re.MULTILINE)
    developers = {"architecture", "from-go", "inclusion-checklist"}
    assert set(table) | developers == {page.stem for page in DOCS}
    listed = re.findall(r"^([\w-]+)$", "".join(re.findall(r"```\{toctree\}.*?```", first, re.DOTALL)), re.M)
    assert {page.stem for page in DOCS} <= set(listed)


def test_pages_can_be_edited_where_the_repository_is() -> None:
    links = yaml.safe_load(text_of(ROOT / "docs/docsite/links.yml"))
    galaxy = yaml.safe_load(text_of(ROOT / "galaxy.yml"))
    assert galaxy["repository"] == f"https://github.com/{links['edit_on_github']['repository']}"
    urls = [link["url"].partition("template=") for link in links["extra_links"]]
    templates = [name for _start, mark, name in urls if mark]
    assert templates
    assert [name for name in templates if not (ROOT / ".github/ISSUE_TEMPLATE" / name).exists()] == []
