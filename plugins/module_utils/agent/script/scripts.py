# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The files that a job's actions become, the commands that run them, and what those see around them."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import typing as t

from ...client.files import own
from .helper import HELPER
from .launch import ScriptRun
from .launcher import LAUNCHER
from .task_files import make_folders, write

Action = t.Mapping[str, t.Any]

OS_NAME = "linux"
_LONGEST_NAME = 200
_HASHBANG = b"#!"
_ELF = b"\x7fELF"
_CREDENTIALS = re.compile(
    r"\bRS_(?:TOKEN|KEY)[\"']?\s*[:=]\s*[\"']?[^\s\"'$]"
    r"|(?i:\btoken|\bbearer)[\"']?\s*[:= ]\s*[\"']?[A-Za-z0-9_./+=-]{40,}"
)
"""What a rendered token looks like in the files that tasks write for an agent or drpcli."""


class CannotStart(Exception):
    """The action cannot even begin; the text says why and goes to the job's log."""


@dataclasses.dataclass(frozen=True)
class ScriptEnvironment:
    """What the scripts of one job get to know about their agent."""

    machine: str
    endpoint: str
    token: str
    runner_dir: str
    extra: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """How ``DRP_AGENT`` reaches the endpoint: trust, mostly."""

    def environment(self, task_dir: str, base: t.Mapping[str, str] | None = None) -> dict[str, str]:
        """The agent's environment and, always with the right values, all that the reference promises."""
        inherited = dict(os.environ if base is None else base)
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RS_ENDPOINTS", "RS_LOCAL_PROXY"):
            inherited.pop(name, None)
        above = os.path.dirname(self.runner_dir)
        return {
            **inherited,
            **self.extra,
            "RS_UUID": self.machine,
            "RS_ENDPOINT": self.endpoint,
            "RS_TOKEN": self.token,
            "RS_TASK_DIR": task_dir,
            "RS_RUNNER_DIR": self.runner_dir,
            "TMPDIR": above,
            "TMP": above,
            "HOME": inherited.get("HOME") or self.runner_dir,
            "DRP_AGENT": os.path.join(self.runner_dir, LAUNCHER),
        }


def actions_for(actions: t.Sequence[Action], system: str = OS_NAME) -> list[Action]:
    """The actions meant for ``system``.

    The server has filtered already; like the reference it is done again only if the first one names systems.
    """
    if not actions or "OS" not in (actions[0].get("Meta") or {}):
        return list(actions)
    return [action for action in actions if _matches_os(action, system)]


def _matches_os(action: Action, system: str) -> bool:
    systems = (action.get("Meta") or {}).get("OS")
    return systems is None or any(part.strip() in ("any", system) for part in str(systems).split(","))


# -- file actions


def target_path(action: Action, task_dir: str, root: str = "") -> str:
    """Where a file action writes: relative paths in the task directory, absolute ones below ``root``."""
    path = os.path.normpath(str(action["Path"]))
    if os.path.isabs(path):
        return root + path if root else path
    return os.path.join(task_dir, path)


def write_file(action: Action, task_dir: str, secrets: t.Collection[str], root: str = "") -> str:
    """Write a file action; its path.  A content that carries a secret ends in a file of mode 0600.

    Otherwise a new file has 0644 less the umask, and one that exists keeps its mode.
    """
    target = target_path(action, task_dir, root)
    content = str(action["Content"])
    if os.path.isdir(target):
        raise CannotStart(f"Cannot write {action['Name']}: {target} is a directory (is its path empty?)")
    private = contains_secret(content, secrets)
    try:
        make_folders(os.path.dirname(target))
        write(target, content, 0o600 if private else 0o644, enforce=private)
    except (OSError, ValueError) as error:
        raise CannotStart(f"Cannot write {action['Name']} to {target}: {_why(error, target)}") from error
    return target


def contains_secret(content: str, secrets: t.Collection[str]) -> bool:
    """Whether a file must be for its owner only: it holds one of ``secrets``, or some token as such."""
    return any(secret in content for secret in secrets if secret) or bool(_CREDENTIALS.search(content))


def _why(error: Exception, path: str) -> str:
    """What is wrong with ``path``, in one line of the job's log."""
    if not isinstance(error, OSError):
        return str(error)  # such as a NUL in it
    where = f"{error.filename}: " if error.filename and error.filename != path else ""
    return f"{where}{error.strerror or error}"


def write_helper(task_dir: str) -> None:
    """Put the helper where scripts look for it, unless an action has put its own there."""
    helper = os.path.join(task_dir, "helper")
    try:
        if not os.path.lexists(helper):
            write(helper, HELPER, 0o600)
    except (OSError, ValueError) as error:
        raise CannotStart(f"Cannot write the helper to {task_dir}: {_why(error, '')}") from error


# -- script actions


def script_name(action: Action, task: str) -> str:
    """The file name of a script action in the task directory."""
    name = f"{task}-{action['Name']}".replace("/", "_").replace("\0", "_")
    return name.encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore")


def write_script(name: str, content: str, task_dir: str) -> None:
    """Write a script into the task directory, mode 0700."""
    try:
        write(os.path.join(task_dir, name), content, 0o700)
    except (OSError, ValueError) as error:
        raise CannotStart(f"Cannot write the script {name}: {_why(error, '')}") from error


def prepare(script_run: ScriptRun) -> None:
    """Make the files of a script, and look whether it can be started.  CannotStart says why not."""
    write_helper(script_run.task_dir)
    write_script(script_run.name, script_run.content, script_run.task_dir)
    search_path = script_run.environment.get("PATH", os.defpath)
    check_startable(script_run.command, script_run.task_dir, search_path, script_run.chroot)


def command_of(action: Action, name: str) -> list[str]:
    """The words that run the script ``name`` of an action from within the task directory."""
    interpreter = (action.get("Meta") or {}).get("Interpreter")
    if interpreter:
        return [str(interpreter), f"./{name}"]
    if name.endswith("ps1"):
        return ["powershell.exe", "-ExecutionPolicy", "Bypass", "-File", f"./{name}"]
    return [f"./{name}"]


def check_startable(command: t.Sequence[str], task_dir: str, path: str, root: str = "") -> None:
    """CannotStart in clear words when the kernel would refuse the command."""
    first = command[0]
    if "\0" in first:
        raise CannotStart(f"Cannot start the script: its interpreter {first!r} has a NUL in its name")
    if not first.startswith("./"):
        if not _program_exists(first, path, root):
            raise CannotStart(f"Cannot start the script: its interpreter {first} is not on this machine")
        return
    try:
        with own.open_regular(os.path.join(task_dir, first[2:])) as file:
            head = file.readline(4096)
    except OSError as error:
        raise CannotStart(f"Cannot start {first[2:]}: {error.strerror or error}") from error
    if head.startswith(_ELF):
        return
    if head.startswith(_HASHBANG) and head.rstrip(b"\n").endswith(b"\r"):
        raise CannotStart(
            f"Cannot start {first[2:]}: its first line ends with a carriage return, as in files from "
            "Windows, and no interpreter has such a name. Save the template with Unix line ends"
        )
    words = head[2:].decode("utf-8", "replace").split() if head.startswith(_HASHBANG) else []
    if words and "\0" in words[0]:
        raise CannotStart(f"Cannot start {first[2:]}: there is a NUL in its first line, {words[0]!r}")
    if not words:
        raise CannotStart(
            f"Cannot start {first[2:]}: exec format error. Its first line must name an interpreter, such as "
            "#!/bin/bash, or the template must have an Interpreter in its Meta"
        )
    if not _program_exists(words[0], path, root):
        raise CannotStart(f"Cannot start {first[2:]}: its interpreter {words[0]} is not on this machine")


def _program_exists(program: str, path: str, root: str) -> bool:
    if "/" in program:
        # a link in a chroot may be absolute: then only the kernel can follow it
        place = f"{root}{program}" if root else program
        return os.path.lexists(place) if root else os.access(place, os.X_OK)
    if root:
        return any(os.path.lexists(f"{root}{folder}/{program}") for folder in path.split(os.pathsep))
    return shutil.which(program, path=path) is not None
