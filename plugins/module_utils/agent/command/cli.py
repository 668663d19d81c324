# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""``drp-agent``: run, once, status, param, check."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import types
import typing as t

from ...client.errors import DrpError, UsageError
from ..machine_watch import in_work_order_mode
from ..script.spool import Spool
from ..served import Served
from ..state import Lock, Store
from . import commands
from .apart import apart
from .config import FIELDS, Config, load
from .connect import served_by
from .console import print_error, print_line


def main(arguments: t.Sequence[str] | None = None) -> int:
    """The exit status: 0 as meant, 1 for an error, 2 for wrong usage."""
    words = sys.argv[1:] if arguments is None else [*arguments]
    lasting = words[:1] in (["run"], ["once"])
    read = apart(lambda: _read(words)) if lasting else _read(words)
    args, config = types.SimpleNamespace(**read["args"]), Config(**read["config"])
    try:
        return _VERBS[args.command](config, args)
    except (DrpError, OSError) as error:
        return _fail(error)


def _read(words: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
    """The arguments and the configuration; SystemExit when they are wrong."""
    from .options import parser  # needed this once

    args = vars(parser().parse_args(words))
    given = {name: args.get(name) for name in FIELDS}
    if args["command"] == "once":
        for name, value in (("exit_on_not_runnable", True), ("wait_timeout", 1.0), ("make_runnable", False)):
            given[name] = value if given[name] is None else given[name]
    try:
        return {"args": args, "config": dataclasses.asdict(load(given, file=args["config"]))}
    except (DrpError, OSError) as error:
        raise SystemExit(_fail(error)) from None


def _fail(error: Exception) -> int:
    print_error("; ".join(error.messages) if isinstance(error, UsageError) else str(error))
    return 1


# -- params


def _param(config: Config, args: t.Any) -> int:
    return _get(config, args) if args.way == "get" else _set(config, args)


def _get(config: Config, args: t.Any) -> int:
    with commands.connect(config) as client:
        value = _served(client, config).param(client, args.name, not args.own, args.decode)
    print_line(json.dumps(value, indent=2, ensure_ascii=False))
    return 0


def _set(config: Config, args: t.Any) -> int:
    from ...client.formats import decode_yaml  # with YAML

    text = sys.stdin.read() if args.value in (None, "-") else args.value
    value = decode_yaml(text, source="the value")
    with commands.connect(config) as client:
        stored = _served(client, config).set_param(client, args.name, value)
    print_line(json.dumps(stored, indent=2, ensure_ascii=False))
    return 0


def _served(client: t.Any, config: Config) -> Served:
    """Without asking the server, where it is a UUID already."""
    if config.machine and ":" not in config.machine:
        return Served(config.kind, config.machine)
    return served_by(config, commands.find_machine(client, config))


# -- status and check


def _status(config: Config, args: t.Any) -> int:
    """Works without the server.  1 when no agent runs."""
    machine = config.machine
    if not machine or ":" in machine:
        with commands.connect(config) as client:
            machine = _served(client, config).uuid
    holder = Lock.holder(config.state_dir, machine)
    status: dict[str, t.Any] = {
        "kind": config.kind,
        "machine": machine,
        "running": holder is not None,
        "pid": holder,
    }
    if os.path.isdir(config.state_dir):
        store = Store(config.state_dir, machine)
        saved_state, record = store.load_state(), store.load_job()
        status.update(
            state=saved_state.state or None,
            name=saved_state.machine.get("Name"),
            chroot=saved_state.chroot or None,
        )
        if in_work_order_mode(saved_state.machine):
            status["work_order"] = saved_state.work_order or None
        if saved_state.not_served:
            status["work_orders_not_served"] = saved_state.not_served
        if record is not None:
            spool = Spool(store.spool_dir(record.job))
            shown = ("job", "phase", "work_order", "done", "actions", "task_dir")
            status["job"] = {
                **{name: getattr(record, name) for name in shown},
                "log_bytes": spool.end_offset(),
            }
    if args.json:
        print_line(json.dumps(status, indent=2))
    else:
        for name, value in status.items():
            print_line(f"{name}: {value if not isinstance(value, dict) else json.dumps(value)}")
    return 0 if holder is not None else 1


def _check(config: Config, args: t.Any) -> int:
    """1 when something is to be fixed."""
    from .preflight import Preflight

    findings = Preflight(config).run()
    if args.json:
        print_line(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print_line(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}: {finding.told}")
            if finding.advice:
                print_line(f"      -> {finding.advice}")
    return 0 if all(finding.ok for finding in findings) else 1


_VERBS: dict[str, t.Callable[[Config, t.Any], int]] = {
    "run": commands.run,
    "once": commands.run,
    "status": _status,
    "check": _check,
    "param": _param,
}

if __name__ == "__main__":
    raise SystemExit(main())
