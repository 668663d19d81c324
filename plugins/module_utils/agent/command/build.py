# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Builds the agent as one file: a zipapp with all that it needs beside a Python.

The packages come from the environment of the build, or from a folder; nothing is downloaded.  The same
sources give the same bytes.  ``python -m ...agent.command.build --output drp-agent [--packages FOLDER]``.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import hashlib
import importlib.machinery
import importlib.metadata
import io
import json
import os
import pathlib
import re
import sys
import typing as t
import zipfile

from ...client.errors import UsageError
from .console import print_error, print_line

DISTRIBUTIONS = {
    "requests": "requests",
    "urllib3": "urllib3",
    "idna": "idna",
    "certifi": "certifi",
    "jsonpatch": "jsonpatch",
    "jsonpointer": "jsonpointer",
    "yaml": "PyYAML",
    "websocket": "websocket-client",
}
"""What is imported, and the distribution that brings it."""

NAME = "drp_agent"
_MODULE_UTILS = str(pathlib.Path(__file__).resolve().parents[2])
_ENTRY_MODULES = ("agent.command.cli", "agent.command.stand_ins")
_DATA = ("cacert.pem",)
_SKIPPED = {"__pycache__", "tests", "cli", "emscripten"}
_LICENCES = re.compile(r"(?i)(licen[cs]e|copying|notice)")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MIN_PYTHON_MINOR = 9
_MAIN = f"""import sys

if sys.version_info < (3, {{min_python_minor}}):
    sys.exit("drp-agent needs Python 3.{{min_python_minor}} or newer; this is %d.%d" % sys.version_info[:2])

from {NAME}.agent.script import program

program.go_on_unpacked(sys.argv[1:])

from {NAME}.agent.command import stand_ins

stand_ins.install()

from {NAME}.agent.command.cli import main

sys.exit(main())
"""


@dataclasses.dataclass(frozen=True)
class Zipapp:
    """A zipapp: its bytes, its packages, and the oldest Python that runs it (3.``min_python_minor``)."""

    content: bytes
    versions: dict[str, str]
    min_python_minor: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def build(packages: str | None = None, shebang: str = "/usr/bin/env python3") -> Zipapp:
    """The agent with the packages of this environment, or those in the folder ``packages``.

    UsageError when one is missing.
    """
    if not _source(_ENTRY_MODULES[0]):
        raise UsageError(
            "the agent can only be built where the collection is installed: on the controller, without async "
            "and without run_in: target"
        )
    search_path = [packages] if packages else sys.path
    versions, min_python_minor = _versions(search_path)
    files = {
        f"{NAME}/__init__.py": b"",
        "__main__.py": _MAIN.format(min_python_minor=min_python_minor).encode(),
    }
    for module in sorted(_required_modules(_ENTRY_MODULES)):
        path = _source(module)
        with open(path, "rb") as file:
            files[f"{NAME}/{os.path.relpath(path, _MODULE_UTILS)}"] = file.read()
    for name in DISTRIBUTIONS:
        files.update(_package(name, search_path))
    about = {"versions": versions, "python": f">=3.{min_python_minor}"}
    files[f"{NAME}/about.json"] = json.dumps(about, indent=1, sort_keys=True).encode()
    return Zipapp(_archive(files, shebang), versions, min_python_minor)


def _archive(files: t.Mapping[str, bytes], shebang: str) -> bytes:
    """A zip whose bytes depend on nothing but the files."""
    buffer = io.BytesIO()
    buffer.write(f"#!{shebang}\n".encode())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


# -- our own modules


def _required_modules(modules: t.Sequence[str]) -> set[str]:
    """The modules, and all that they need of this collection, such as ``client.errors``."""
    found: set[str] = set()
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        if name and name not in found and _source(name):
            found.add(name)
            waiting += [name.rpartition(".")[0], *_imported_modules(name)]
    return found


def _imported_modules(module: str) -> t.Iterator[str]:
    path = _source(module)
    package = module.split(".")
    if not path.endswith("__init__.py"):
        package.pop()
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
            yield ".".join(base)
            for alias in node.names:  # what is imported may itself be a module
                yield ".".join([*base, alias.name])


def _source(module: str) -> str:
    """The file of a module; "" when that is no module."""
    place = os.path.join(_MODULE_UTILS, *module.split("."))
    candidates = (f"{place}.py", os.path.join(place, "__init__.py"))
    return next((path for path in candidates if os.path.isfile(path)), "")


# -- packages


def _package(name: str, search_path: t.Sequence[str]) -> dict[str, bytes]:
    """The Python files of an installed package or module; compiled parts have counterparts in Python."""
    spec = importlib.machinery.PathFinder.find_spec(name, list(search_path))
    if spec is None or not spec.origin:
        raise _missing(name)
    if not spec.submodule_search_locations:
        with open(spec.origin, "rb") as file:
            return {os.path.basename(spec.origin): file.read()}
    files = {}
    top = os.path.dirname(spec.origin)
    for folder, folders, names in os.walk(top):
        folders[:] = [each for each in folders if each not in _SKIPPED]
        for each in names:
            if each.endswith(".py") or each in _DATA:
                path = os.path.join(folder, each)
                with open(path, "rb") as file:
                    files[os.path.relpath(path, os.path.dirname(top))] = file.read()
    return {**files, **_licences(name, search_path)}


def _licences(name: str, search_path: t.Sequence[str]) -> dict[str, bytes]:
    distribution = _distribution(DISTRIBUTIONS[name], search_path)
    found = {}
    for entry in (distribution.files if distribution else None) or []:
        if _LICENCES.search(entry.name) and not entry.name.endswith((".py", ".pyc")):
            with open(str(entry.locate()), "rb") as file:
                found[f"licences/{DISTRIBUTIONS[name]}/{entry.name}"] = file.read()
    return found


def _versions(search_path: t.Sequence[str]) -> tuple[dict[str, str], int]:
    """The version of each package, and the minor version of the oldest Python that all of them take."""
    versions, min_python_minor = {}, _MIN_PYTHON_MINOR
    for name in DISTRIBUTIONS.values():
        distribution = _distribution(name, search_path)
        if distribution is None:
            raise _missing(name)
        versions[name] = distribution.version
        wanted = re.search(r">=\s*3\.(\d+)", _requires_python(distribution))
        min_python_minor = max(min_python_minor, int(wanted.group(1)) if wanted else 0)
    return versions, min_python_minor


def _requires_python(distribution: importlib.metadata.Distribution) -> str:
    known = distribution.metadata
    return known["Requires-Python"] if "Requires-Python" in known else ""  # noqa: SIM401  it has no get


def _distribution(name: str, search_path: t.Sequence[str]) -> importlib.metadata.Distribution | None:
    wanted = re.sub(r"[-_.]+", "-", name).lower()
    for distribution in importlib.metadata.distributions(path=list(search_path)):
        if re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower() == wanted:
            return distribution
    return None


def _missing(name: str) -> UsageError:
    distribution = DISTRIBUTIONS.get(name, name)
    return UsageError(
        f"the Python package {distribution} must be installed for {sys.executable} to build the agent "
        f"(pip install {distribution})"
    )


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="build", description="Build the agent as one file.")
    parser.add_argument("--output", required=True, help="the file to write")
    parser.add_argument("--packages", help="folder with the packages; default: those installed here")
    args = parser.parse_args(arguments)
    try:
        built = build(args.packages)
    except UsageError as error:
        print_error(error.messages[0])
        return 1
    os.makedirs(os.path.dirname(os.path.abspath(args.output)), exist_ok=True)
    with open(f"{args.output}.new", "wb") as file:
        file.write(built.content)
    os.chmod(f"{args.output}.new", 0o755)
    os.rename(f"{args.output}.new", args.output)
    summary = {"sha256": built.sha256, "size": len(built.content), "python": f">=3.{built.min_python_minor}"}
    print_line(json.dumps({**summary, "versions": built.versions}, indent=1, sort_keys=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
