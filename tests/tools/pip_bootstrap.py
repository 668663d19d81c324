# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the pip bootstrap script that ansible-test downloads before it installs its requirements.

``pip_bootstrap.py --provide`` does what ansible-test would do: it downloads the script into ansible-test's
cache. When that host cannot be reached, this file takes its place there: ansible-test then runs it with the
name and version of pip, and it installs that pip from the package index with the one that comes with Python.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

DOWNLOAD_TIMEOUT = 10


def bootstrap(arguments: list[str]) -> int:
    """Install pip, then the ``name==version`` arguments, into the environment that runs this."""
    packages = [argument for argument in arguments if re.fullmatch(r"[\w.-]+==[\w.]+", argument)]
    python = [sys.executable, "-m"]
    subprocess.run([*python, "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
    if not packages:
        return 0
    install = [*python, "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    return subprocess.run(install, check=False).returncode


def provide() -> None:
    """Put the script where the installed ansible-test looks for it, unless one is there."""
    import ansible_test

    version, url, cache = wanted(pathlib.Path(ansible_test.__file__).parent)
    if cache.exists():
        return
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_suffix(".partial")
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT) as answer:
            partial.write_bytes(answer.read())
    except OSError as error:
        told = f"{url} cannot be had ({error}); pip {version} comes from the package index instead"
        print(f"ansible-test: {told}")
        shutil.copyfile(__file__, partial)
    partial.replace(cache)


def wanted(source: pathlib.Path) -> tuple[str, str, pathlib.Path]:
    """The version of pip, the address and the cached file that this release of ansible-test names."""
    pins = (source / "_internal" / "python_requirements.py").read_text(encoding="utf-8")
    script = (source / "_util" / "target" / "setup" / "requirements.py").read_text(encoding="utf-8")
    version = _find(r"default_packages = dict\(\s*pip='([\d.]+)'", pins)
    url = _find(r"url = '(https://[^']+)' % pip_version", script) % version
    cache = _find(r"expanduser\('(~/[^']+)' % pip_version", script) % version.replace(".", "_")
    return version, url, pathlib.Path(cache).expanduser()


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"pip_bootstrap.py does not know this ansible-test: nothing matches {pattern}")
    return found.group(1)


if __name__ == "__main__":
    if sys.argv[1:] == ["--provide"]:
        provide()
    else:
        sys.exit(bootstrap(sys.argv[1:]))
