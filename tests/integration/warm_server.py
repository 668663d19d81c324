# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``warm_server.py SOCKET``: Ansible's commands in forks of a process that has imported them already.

Most of the time of a short playbook is Ansible's start: the same imports, for each of some thousand runs.
This process makes them once, and a fork of it does each run, with the arguments, variables, folder and
output that it is sent.  What a run reads at import time (constants of ``ansible.cfg`` and ``ANSIBLE_...``)
is that of this process, so warm_ansible.py starts one for each set of such variables.

Needs only what ansible-core needs, on each Python that it runs on.  Ends when its standard input closes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
import warnings

CLIS = {"ansible-playbook": ("playbook", "PlaybookCLI"), "ansible-inventory": ("inventory", "InventoryCLI")}
COLLECTION = "ansible_collections.digitalrebar.provision.plugins"
PLUGINS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../plugins")
EAGER = (
    "ansible.executor.playbook_executor",
    "ansible.plugins.connection.local",
    "ansible.plugins.strategy.linear",
    "ansible.plugins.callback.default",
    "ansible.plugins.action.normal",
    "jsonpatch",
    "requests",
    "yaml",
)
"""What nearly every run imports, whatever the collection does itself."""


def receive(connection: socket.socket) -> tuple[dict, list[int]]:
    """One request, a line of JSON, and the files that came with its first bytes."""
    first, ancillary, _flags, _address = connection.recvmsg(65536, socket.CMSG_SPACE(2 * 4))
    files = [
        int.from_bytes(data[start : start + 4], sys.byteorder)
        for _level, _kind, data in ancillary
        for start in range(0, len(data), 4)
    ]
    text = first
    while text and not text.endswith(b"\n"):
        more = connection.recv(65536)
        if not more:
            break
        text += more
    return (json.loads(text) if text else {}), files


def perform(request: dict, files: list[int]) -> int:
    """The run itself, in a process of its own: its exit code."""
    constants = importlib.import_module("ansible.constants")
    os.setsid()
    for source, target in zip([os.open(os.devnull, os.O_RDONLY), *files], range(3), strict=True):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    name = os.path.basename(request["command"][0])
    sys.argv = request["command"]
    # as Ansible makes it at import time, and removes it at exit
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(
        prefix=f"ansible-local-{os.getpid()}", dir=request["scratch"]
    )
    module, cli = CLIS[name]
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    try:
        getattr(importlib.import_module(f"ansible.cli.{module}"), cli).cli_executor(sys.argv)
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)


def serve(connection: socket.socket) -> None:
    """In a fork: start the run, and tell its number at once and its exit code when it has ended."""
    request, files = receive(connection)
    if not request:
        return
    child = os.fork()
    if child == 0:
        code = 1
        try:
            connection.close()
            code = perform(request, files)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    for file in files:
        os.close(file)
    connection.sendall(f"{child}\n".encode())
    _pid, status = os.waitpid(child, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def main(path: str) -> None:
    for module, _cli in CLIS.values():
        importlib.import_module(f"ansible.cli.{module}")
    for name in EAGER:
        importlib.import_module(name)
    importlib.import_module("ansible.plugins.loader").init_plugin_loader()
    for name in os.listdir(os.path.join(PLUGINS, "action")):
        if name.startswith("drp_"):
            importlib.import_module(f"{COLLECTION}.action.{name.partition('.')[0]}")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    print("ready", flush=True)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _address = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with contextlib.suppress(OSError):
                serve(connection)
            os._exit(0)
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
