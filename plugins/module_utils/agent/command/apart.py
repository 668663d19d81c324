# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Work in a child process, which takes with it what it has loaded, such as the parsers that a start needs."""

from __future__ import annotations

import json
import os
import sys
import typing as t


def apart(work: t.Callable[[], t.Any]) -> t.Any:
    """What ``work`` returns, as far as JSON can say it.

    SystemExit when it raises that, or anything else, which is then told on standard error.  To be called
    before there are threads.
    """
    reader, writer = os.pipe()
    _flush()
    child = os.fork()
    if not child:
        _end(work, writer)
    os.close(writer)
    with open(reader, encoding="ascii") as file:
        text = file.read()
    _pid, status = os.waitpid(child, 0)
    if not text:
        raise SystemExit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
    return json.loads(text)


def _end(work: t.Callable[[], t.Any], writer: int) -> t.NoReturn:
    status = 1
    try:
        text = json.dumps(work())
        with open(writer, "w", encoding="ascii") as file:
            file.write(text)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        _flush()
        os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue  # closed, or nobody reads it any more
