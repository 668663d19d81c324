# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive that users install: what is in it, that it is always the same, and that it works by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
import yaml
from patience import LIMIT

from simulator.launch import PASSWORD, USERNAME, Simulator

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))

from build import build  # noqa: E402

BIN = Path(sys.executable).parent
ALLOWED = {"MANIFEST.json", "FILES.json", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.rst"}
ALLOWED |= {"LICENSE", "LICENSES", "REUSE.toml", "bindep.txt", "requirements.txt", "requirements-agent.txt"}
ALLOWED |= {"changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles"}


def run(*command: str, **environment: str) -> str:
    """What a command prints; AssertionError when it fails.  Nothing of this checkout reaches it."""
    hidden = ("ANSIBLE_", "PYTHON", "RS_", "VIRTUAL_ENV")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        command,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        cwd=environment.get("PWD"),
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with ansible-core, the packages of requirements.txt, and the collection."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "venv", with_pip=True)
    pip = [
        str(home / "venv/bin/python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--no-input",
    ]
    core = run(str(BIN / "python"), "-c", "import ansible.release as r; print(r.__version__)").strip()
    run(*pip, f"ansible-core=={core}", "-r", str(ROOT / "requirements.txt"), HOME=str(home))
    galaxy = [str(home / "venv/bin/ansible-galaxy"), "collection", "install", "--offline", str(archive)]
    run(*galaxy, "-p", str(home / "collections"), HOME=str(home))
    return home


def tool(installed: Path, name: str, *words: str, **environment: str) -> str:
    """One of Ansible's commands in the fresh environment, as a user has it."""
    return run(
        str(installed / "venv/bin" / name),
        *words,
        HOME=str(installed),
        ANSIBLE_COLLECTIONS_PATH=str(installed / "collections"),
        ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
        **environment,
    )


def test_the_same_sources_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in reversed(listed.stdout.decode().split("\0")):  # another order, other times, another umask
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            (copy / name).chmod(0o600 | ((ROOT / name).stat().st_mode & 0o100))
    again = build(tmp_path / "again", copy)
    assert again.read_bytes() == archive.read_bytes()


def test_what_is_in_it(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        names = [member.name for member in opened]
    assert {name.split("/")[0] for name in names} <= ALLOWED
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".swp"))] == []
    for wanted in (
        "plugins/modules/drp_machine.py",
        "roles/agent/meta/argument_specs.yml",
        "playbooks/provision.yml",
        "SECURITY.md",  # the guides in docs/ refer to it
    ):
        assert wanted in names


def test_every_plugin_is_documented(installed: Path) -> None:
    for kind, folder in (("module", "modules"), ("lookup", "lookup"), ("inventory", "inventory")):
        names = sorted(
            path.stem for path in (ROOT / "plugins" / folder).glob("*.py") if path.stem != "__init__"
        )
        full = [f"digitalrebar.provision.{name}" for name in names]
        told = json.loads(tool(installed, "ansible-doc", "--json", "-t", kind, *full))
        assert sorted(told) == full
        assert all(entry["examples"] for entry in told.values())
    role = json.loads(tool(installed, "ansible-doc", "--json", "-t", "role", "digitalrebar.provision.agent"))
    assert set(role["digitalrebar.provision.agent"]["entry_points"]) == {"main", "upgrade", "uninstall"}


def test_it_works_by_itself(installed: Path) -> None:
    with Simulator.start() as simulator:
        where = {
            "RS_ENDPOINT": simulator.endpoint,
            "RS_KEY": f"{USERNAME}:{PASSWORD}",
            "RS_CA_PATH": str(simulator.ca),
        }
        first = tool(installed, "ansible-playbook", "digitalrebar.provision.demo", **where)
        again = tool(installed, "ansible-playbook", "digitalrebar.provision.demo", **where)
        assert "failed=0" in first
        assert "changed=0" in again
        source = installed / "drp.yml"
        source.write_text("plugin: digitalrebar.provision.drp\n")
        graph = tool(installed, "ansible-inventory", "-i", str(source), "--graph", **where)
        assert "demo-7" in graph
        built = tool(
            installed, "ansible", "localhost", "-m", "digitalrebar.provision.drp_agent_package",
            "-a", f"dest={installed}/drp-agent", **where,
        )  # fmt: skip
        assert '"changed": true' in built
    assert "usage: drp-agent" in run(
        str(installed / "venv/bin/python"), str(installed / "drp-agent"), "--help"
    )


def test_an_execution_environment(installed: Path, tmp_path: Path) -> None:
    """What ansible-builder finds, and the build context that it makes of it."""
    builder = str(BIN / "ansible-builder")
    found = yaml.safe_load(run(builder, "introspect", str(installed / "collections")))
    asked = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = {line.strip().lower() for line in asked if line.strip() and not line.startswith("#")}
    # ansible-core brings PyYAML, and ansible-builder leaves out what it brings
    assert {line.partition("#")[0].strip().lower() for line in found["python"]} == wanted - {"pyyaml>=5.4"}
    assert "openssh-client" in str(found["system"])
    definition = {
        "version": 3,
        "dependencies": {
            "ansible_core": {"package_pip": "ansible-core"},
            "ansible_runner": {"package_pip": "ansible-runner"},
            "galaxy": {"collections": [{"name": "digitalrebar.provision"}]},
        },
        "images": {"base_image": {"name": "registry.example.com/python:3.12"}},
    }
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump(definition))
    run(builder, "create", "-f", str(tmp_path / "execution-environment.yml"), "-c", str(tmp_path / "context"))
    assert "digitalrebar.provision" in (tmp_path / "context/_build/requirements.yml").read_text()


def test_galaxy_takes_it(archive: Path, tmp_path: Path) -> None:
    """What Galaxy and Automation Hub run when a version is uploaded; it writes its result where it stands."""
    command = [str(BIN / "python"), "-m", "galaxy_importer.main", str(archive)]
    done = subprocess.run(
        command,
        env={**os.environ, "HOME": str(tmp_path), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        check=False,
    )
    told = done.stdout + done.stderr
    # it exits with 1 however it went
    assert "Importer processing completed successfully" in told, told
    assert not re.search(r"^(ERROR|WARNING)|The import failed", told, re.MULTILINE), told


def test_ansible_lint_of_a_fresh_clone(tmp_path: Path) -> None:
    """Without any option or variable, as somebody runs it who has just cloned the repository."""
    clone = tmp_path / "clone"
    listed = run("git", "ls-files", "-z", "-co", "--exclude-standard", PWD=str(ROOT))
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    environment = {"HOME": str(tmp_path), "PATH": f"{BIN}:{os.environ['PATH']}", "PWD": str(clone)}
    run("git", "init", "-q", ".", **environment)
    run("git", "add", "-A", **environment)
    run(str(BIN / "ansible-lint"), "-q", **environment)
