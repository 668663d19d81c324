# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What contributors meet: the workflows do only what can be tried here, and nothing of it is shipped."""

from __future__ import annotations

import fnmatch
import importlib.util
import re
import sys
import types
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*_*.yml"))
KEPT_BACK = [".github", ".pre-commit-config.yaml", "CODE_OF_CONDUCT.md", "MAINTAINERS"]
WORD = r"\$\{\{ [a-z._]+ \}\}|[\w.,=-]"
MAKE = re.compile(rf"make ((?:{WORD})+)((?: [A-Z]+=(?:{WORD})+)*)")


def document(path: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


def tool(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tests/tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def steps(path: Path) -> list[tuple[dict[str, t.Any], str]]:
    """Each command of a workflow, with its job."""
    jobs = document(path)["jobs"].values()
    return [(job, step["run"]) for job in jobs for step in job["steps"] if "run" in step]


def called(job: dict[str, t.Any], command: str) -> set[str]:
    """The targets of a command, which may be one for each entry of a matrix."""
    found = MAKE.fullmatch(command)
    assert found, command
    if "{{" not in found[1]:
        return {found[1]}
    name = found[1].split("matrix.")[1].split()[0]
    return set(job["strategy"]["matrix"][name])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_make_targets_only(path: Path) -> None:
    assert steps(path)
    for job, command in steps(path):
        assert called(job, command) <= targets(), command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_read_only_and_end(path: Path) -> None:
    workflow = document(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())


def test_ci_runs_everything_on_each_core_and_weekly() -> None:
    workflow = document(ROOT / ".github/workflows/ci.yml")
    assert "pull_request" in workflow["on"]
    assert workflow["on"]["schedule"]
    matrix = tool("matrix")
    cells = workflow["jobs"]["tests"]["strategy"]["matrix"]["include"]
    assert {cell["core"] for cell in cells} == set(matrix.CORES)
    assert [cell for cell in cells if cell["python"] not in matrix.CORES[cell["core"]]] == []
    layers = re.search(r"LAYERS=(\S+)", " ".join(command for _job, command in steps(WORKFLOWS[0])))
    assert layers
    assert {"sanity", "units", "contract", "integration"} <= set(layers[1].split(",")) <= set(matrix.LAYERS)
    checks = set(workflow["jobs"]["checks"]["strategy"]["matrix"]["target"])
    assert {"lint", "types", "docs", "package"} <= checks


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms(path: Path) -> None:
    form = document(path)
    assert {"name", "description", "body"} <= set(form)
    fields = [entry for entry in form["body"] if entry["type"] != "markdown"]
    names = [entry["id"] for entry in fields]
    assert len(names) == len(set(names)) > 0
    assert all(entry["attributes"]["label"] for entry in fields)
    assert {entry["type"] for entry in form["body"]} <= {"markdown", "input", "textarea", "dropdown"}


def test_pre_commit_calls_make_targets_only() -> None:
    hooks = [hook for repo in document(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert hooks
    assert {hook["entry"].removeprefix("make ") for hook in hooks} <= targets()
    assert {hook["language"] for hook in hooks} == {"system"}


@pytest.mark.parametrize("name", KEPT_BACK)
def test_nothing_of_it_is_in_the_archive(name: str) -> None:
    assert (ROOT / name).exists()
    ignored = document(ROOT / "galaxy.yml")["build_ignore"]
    assert any(fnmatch.fnmatch(name, pattern) for pattern in ignored)


def test_the_importer_takes_the_authors() -> None:
    assert all(len(author) <= 64 for author in document(ROOT / "galaxy.yml")["authors"])


def test_a_release_needs_its_tag_its_changelog_and_no_fragment_left(tmp_path: Path) -> None:
    objections = tool("release").objections
    (tmp_path / "changelogs/fragments").mkdir(parents=True)
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3\n")
    (tmp_path / "changelogs/changelog.yaml").write_text("releases: {1.2.3: {}}\n")
    assert objections("v1.2.3", tmp_path) == []
    (told,) = objections("v1.2.4", tmp_path)
    assert told == "the tag is v1.2.4, but galaxy.yml has version 1.2.3: its tag is v1.2.3"
    (tmp_path / "changelogs/fragments/one.yml").touch()
    (tmp_path / "changelogs/changelog.yaml").write_text("releases: {1.2.2: {}}\n")
    assert len(objections("", tmp_path)) == 3
