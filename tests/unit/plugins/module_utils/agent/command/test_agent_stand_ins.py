# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent does without until it is used, and what it does in a process that ends at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.digitalrebar import provision

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.apart import apart
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import program

COMMAND = "ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command"
COLLECTIONS = Path(provision.__path__[0]).parents[2]


def told(code: str, *flags: str, folder: Path | None = None, before: str = "") -> str:
    """What a new interpreter prints that has installed the stand-ins, and can ask ``loaded("x")``."""
    start = (
        f"import sys\n{before}\n"
        f"from {COMMAND} import stand_ins\n"
        "stand_ins.install()\n"
        "def loaded(name):\n"
        "    return getattr(sys.modules.get(name), '__spec__', None) is not None\n"
    )
    paths = [*([str(folder)] if folder else []), str(COLLECTIONS), *sys.path]
    done = subprocess.run(
        [sys.executable, "-S", *flags, "-c", start + code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("name", "use", "result"),
    [
        ("bz2", "bz2.decompress(bz2.compress(b'x'))", "b'x'"),
        ("lzma", "lzma.decompress(lzma.compress(b'x'))", "b'x'"),
        ("zipfile", "issubclass(zipfile.BadZipFile, Exception)", "True"),
        ("idna", "idna.encode('bücher.example')", "b'xn--bcher-kva.example'"),
        ("idna", "__import__('idna.core').core.IDNAError.__name__", "IDNAError"),
        ("stringprep", "'bücher'.encode('idna')", "b'xn--bcher-kva'"),
        ("inspect", "inspect.signature(loaded)", "(name)"),
        ("traceback", "traceback.format_exception_only(ValueError, ValueError('x'))", "['ValueError: x\\n']"),
        ("urllib.request", "urllib.request.getproxies_environment()['https']", "http://proxy"),
        ("urllib.request", "urllib.request.Request('http://x').host", "x"),
        ("importlib.metadata", "importlib.metadata.version('requests')[:2]", "2."),
        ("websocket._app", "websocket.WebSocketApp('ws://x').url", "ws://x"),
    ],
)
def test_what_is_used_is_loaded(name: str, use: str, result: str) -> None:
    code = (
        f"import {name.removesuffix('._app')}\n"
        f"assert not loaded({name!r})\n"
        "import os; os.environ['https_proxy'] = 'http://proxy'\n"
        f"print({use})\n"
        f"assert loaded({name!r})\n"
    )
    assert told(code) == result


def test_what_is_imported_by_name_is_not_loaded_before_it_is_called() -> None:
    code = (
        "import requests, urllib3, websocket\n"
        "from urllib.request import proxy_bypass_environment\n"
        "print([name for name in stand_ins._LOADED_LATER if loaded(name)])\n"
        "print(proxy_bypass_environment('x', {'no': 'x'}), loaded('urllib.request'))\n"
    )
    assert told(code) == "[]\nTrue True"


def test_a_name_that_nobody_knew_is_the_real_one(tmp_path: Path) -> None:
    """Another version of a package may import more."""
    package = tmp_path / "websocket"
    package.mkdir()
    package.joinpath("__init__.py").write_text("from ._app import WebSocketApp, newer\n", encoding="ascii")
    package.joinpath("_app.py").write_text("newer = 1\nWebSocketApp = 2\n", encoding="ascii")
    code = "import websocket\nprint(websocket.newer, loaded('websocket._app'))"
    assert told(code, folder=tmp_path) == "1 True"


def test_what_is_loaded_already_stays() -> None:
    code = "print(loaded('zipfile'), loaded('inspect'), zipfile is sys.modules['zipfile'])"
    assert told(code, before="import zipfile, inspect") == "True True True"


@pytest.mark.parametrize("flags", [[], ["-OO"]])
def test_dataclasses_need_no_signatures(flags: list[str]) -> None:
    code = (
        "import dataclasses\n"
        "@dataclasses.dataclass\n"
        "class Point:\n"
        "    x: int\n"
        "    y: 'int' = dataclasses.field(default=2, repr=False)\n"
        "@dataclasses.dataclass\n"
        "class Space(Point):\n"
        "    z: int = 3\n"
        "class Without(Space):\n"
        "    pass\n"
        "print(Space(1), dataclasses.asdict(Space(1)))\n"
        "print(dataclasses.astuple(dataclasses.dataclass(Without)(4)))\n"
        "print(loaded('inspect'))\n"
        "import inspect\n"
        "print(inspect.signature(Space))\n"
    )
    assert told(code, *flags).splitlines() == [
        "Space(x=1, z=3) {'x': 1, 'y': 2, 'z': 3}",
        "(4, 2, 3)",
        "False",
        "(x: int, y: 'int' = 2, z: int = 3) -> None",
    ]


# -- what a start needs


def test_what_is_found_apart_comes_back() -> None:
    here = os.getpid()
    found = apart(lambda: {"pid": os.getpid(), "text": "ü\udc80", "number": 1.5, "nothing": None})
    assert found.pop("pid") != here
    assert found == {"text": "ü\udc80", "number": 1.5, "nothing": None}


@pytest.mark.parametrize("status", [0, 2])
def test_who_ends_apart_ends(status: int) -> None:
    with pytest.raises(SystemExit) as ended:
        apart(lambda: sys.exit(status))
    assert ended.value.code == status


def test_a_mistake_apart_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        apart(lambda: json.loads("{"))
    assert ended.value.code == 1
    assert "JSONDecodeError" in capfd.readouterr().err


def test_one_that_is_killed_apart_is_no_success() -> None:
    with pytest.raises(SystemExit) as ended:
        apart(lambda: os.kill(os.getpid(), 9))
    assert ended.value.code == 1


@pytest.mark.parametrize("wanted", [True, False])
def test_a_new_version_is_compiled_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    """For the flags of the program, and where Python will look for it."""
    zipped, cache = tmp_path / "agent.pyz", tmp_path / "cache"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("__main__.py", "import here")
        archive.writestr("here.py", "")
    monkeypatch.setattr(sys, "pycache_prefix", str(cache))
    monkeypatch.setattr(sys, "dont_write_bytecode", not wanted)
    folder = Path(program.unpack(str(zipped), str(tmp_path)))
    kept = cache / folder.relative_to("/")
    compiled = {path.name.split(".")[0] for path in kept.rglob("*.opt-2.pyc")}
    assert compiled == ({"__main__", "here"} if wanted else set())
    assert not list(folder.rglob("*.pyc"))
