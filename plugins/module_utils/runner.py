# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""run(): what modules and the action plugin share.  Options in, a result out, never a traceback."""

from __future__ import annotations

import os
import typing as t

from .client import settings
from .client.client import Client
from .client.errors import DrpError, UsageError
from .client.masking import is_telling, mask, mask_url_credentials, visible
from .client.typed.json_values import require_json
from .converge import invocation
from .converge.task import Options, Result, Task, carry_out, failure
from .options import connection_options

TaskFunction = t.Callable[[Task], Result]
"""What a module does once its options are checked and there is a client."""

_PATHS = frozenset(
    {"src", "dest", "iso_dir", "packages", "ca_path", "download_ca_path"}
    | {"client_cert", "client_key", "token_cache"}
)
"""Options that name something in a file system, in all modules."""
_clients: dict[tuple[int, settings.Settings], Client] = {}


def run(
    function: TaskFunction,
    options: Options,
    check: bool = False,
    environ: t.Mapping[str, str] | None = None,
    on_progress: t.Callable[[str], None] | None = None,
    secrets: set[str] | None = None,
    known_options: set[str] | None = None,
) -> Result:
    """The result of a task by ``function``, the ``run`` of a resource, for exit_json or as it stands.

    A result with ``failed`` also has ``msg``, and everything that was done before the failure.
    ``on_progress`` gets a line now and then from tasks that take long.  ``secrets`` is filled with texts
    among the options that turned out to be secret: no result holds them, but shown options must be masked.
    The credentials of the session are in no result either, whatever form a server has given them.
    ``known_options`` are filled for :func:`shown_options`.
    """
    tell = on_progress or _ignore_progress
    client: Client | None = None
    try:
        for name, value in options.items():
            require_json(value, name)
        _require_paths(options)
        client = client_for(settings.resolve(connection_options(options), environ))
        found = set() if secrets is None else secrets
        known = set() if known_options is None else known_options
        task = Task(options, check, client, lambda text: tell(visible(text)), found, known)
        result = carry_out(function, task)
    except DrpError as error:
        result = failure(error)
    return _presentable(result, client)


def _require_paths(options: Options, within: str = "") -> None:
    """UsageError for a path that no file system can have, in an option or in the entries of one."""
    for name, value in options.items():
        if name in _PATHS and isinstance(value, str) and "\0" in value:
            raise UsageError(f"{within}{name}: {value!r} is not a path: it has a NUL in it")
        if isinstance(value, list) and not within:
            for index, entry in enumerate(value):
                if isinstance(entry, dict):
                    _require_paths(entry, f"{name}[{index}].")


def _presentable(result: Result, client: Client | None) -> Result:
    """The result without the session's secrets, and without what a terminal would obey."""
    if client is not None:
        result = mask(result, client.secrets)
        warnings = [*result.get("warnings", []), *client.warnings]
        if warnings:
            result["warnings"] = list(map(visible, warnings))
    if "msg" in result:
        result["msg"] = visible(str(result["msg"]))
    return result


def loggable_options(
    options: Options, lists_of_names: t.Container[str] = invocation.OBJECT_OPTIONS
) -> dict[str, t.Any]:
    """The options for the log of the machine on which a module runs: without what goes into objects.

    A list of texts is none of that in an option of ``lists_of_names``.
    """
    return mask_url_credentials(invocation.loggable(options, lists_of_names))


def shown_options(
    options: Options,
    known_options: t.Container[str] = (),
    lists_of_names: t.Container[str] = invocation.OBJECT_OPTIONS,
) -> dict[str, t.Any]:
    """The options for a result, of what goes into objects only those of which the secrets are known."""
    return mask_url_credentials(invocation.shown(options, known_options, lists_of_names))


def environment_secrets(options: Options, environ: t.Mapping[str, str]) -> set[str]:
    """Secrets that came from the environment or from inside ``key``, to be masked as options are."""
    try:
        return settings.resolve(connection_options(options), environ).secrets
    except (DrpError, ValueError):  # the latter for a path with a NUL
        return set()


def maskable(secrets: t.Iterable[str]) -> set[str]:
    """Those secrets that can be masked wherever they appear: no few characters, no words of messages."""
    return set(filter(is_telling, secrets))


def client_for(connection: settings.Settings) -> Client:
    """A client for these settings, kept for the next item of a loop in the same process."""
    cache_key = (os.getpid(), connection)
    if cache_key not in _clients:
        _clients[cache_key] = settings.connect(connection)
    return _clients[cache_key]


def _ignore_progress(text: str) -> None:
    del text
