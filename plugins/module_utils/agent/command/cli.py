# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""``drp-agent``: run, once, status, param, check."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import typing as t

from ...client.errors import DrpError, UsageError
from ...client.formats import decode_yaml
from ..machine_watch import in_work_order_mode
from ..script.spool import Spool
from ..served import Served
from ..state import Lock, Store
from . import commands
from .config import FIELDS, Config, load
from .connect import served_by
from .console import print_error, print_line
from .preflight import Preflight

_HELP = {
    "endpoint": "URL of the server's API; several, separated by spaces, are tried in order",
    "token": "token of the machine",
    "token_file": "file with the token, read again when it is refused; of several (a:b), the newest is used",
    "key": "user:password, used when no token is set",
    "kind": "what is served: machines, clusters or resource_brokers",
    "machine": "UUID of the machine, cluster or resource broker, or Name:x",
    "validate_certs": "verify the server's certificate",
    "ca_path": "certificates of the authorities to trust",
    "cert_fingerprint": "SHA-256 of the server's certificate",
    "context": "run as the agent of this context (v4)",
    "state_dir": "folder for the state that must survive a restart of the agent",
    "runner_dir": "folder for task directories",
    "make_runnable": "make the machine runnable if this is the first agent since it booted",
    "power": "reboot and power off when tasks and stages request it",
    "exit_on_failure": "exit when a task fails",
    "exit_on_not_runnable": "exit when there was nothing to do for wait_timeout",
    "wait_timeout": "limit of one wait",
    "task_timeout": "limit of one script; the param drp-agent/task-timeout wins",
    "kill_grace": "seconds between asking a script to stop and killing it",
    "request_timeout": "seconds without a byte from the server",
    "retry_pause": "first pause after an error",
    "spool_limit": "limit of job logs stored for the server, in bytes; 0 for no limit but the disk",
    "strict": "end jobs exactly as a v3.12 agent does",
    "echo": "show the output of scripts as well",
}


def main(arguments: t.Sequence[str] | None = None) -> int:
    """The exit status: 0 as meant, 1 for an error, 2 for wrong usage."""
    parser = _parser()
    args = parser.parse_args(arguments)
    given = {name: getattr(args, name, None) for name in FIELDS}
    if args.command == "once":
        for name, value in (("exit_on_not_runnable", True), ("wait_timeout", 1.0), ("make_runnable", False)):
            given[name] = value if given[name] is None else given[name]
    try:
        return int(args.run(load(given, file=args.config), args))
    except (DrpError, OSError) as error:
        text = "; ".join(error.messages) if isinstance(error, UsageError) else str(error)
        print_error(text)
        return 1


def _parser() -> argparse.ArgumentParser:
    about = "Runs the jobs of a DRP machine, cluster or resource broker."
    parser = argparse.ArgumentParser(prog="drp-agent", description=about)
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("-c", "--config", help="configuration file (default: /etc/drp-agent/agent.yml)")
    for name, field in FIELDS.items():
        _add(options, name, type(field.default))
    verbs = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def verb(name: str, run: t.Callable[[Config, t.Any], int], text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, parents=[options], help=text, description=text)
        made.set_defaults(run=run)
        return made

    verb("run", commands.run, "Run jobs until stopped.")
    verb("once", commands.run, "Run the pending jobs, then exit.")
    status = verb("status", _status, "Show what the agent of this machine is doing.")
    status.add_argument("--json", action="store_true", help="as JSON")
    check = verb("check", _check, "Check whether an agent can work on this host, and show what to fix.")
    check.add_argument("--json", action="store_true", help="as JSON")
    param = verbs.add_parser("param", help="Get and set params of what is served.")
    ways = param.add_subparsers(dest="way", required=True, metavar="get|set")
    get = ways.add_parser("get", parents=[options], help="Print a param as JSON.")
    get.add_argument("name")
    get.add_argument("--own", action="store_true", help="its own, without its profiles")
    get.add_argument("--decode", action="store_true", help="decode a secure param")
    get.set_defaults(run=_get)
    put = ways.add_parser("set", parents=[options], help="Set a param.")
    put.add_argument("name")
    put.add_argument(
        "value", nargs="?", help="YAML or JSON; read from standard input when it is missing or -"
    )
    put.set_defaults(run=_set)
    return parser


def _add(parser: argparse.ArgumentParser, name: str, kind: type) -> None:
    option = f"--{name.replace('_', '-')}"
    if kind is bool:
        parser.add_argument(
            option, dest=name, action=argparse.BooleanOptionalAction, default=None, help=_HELP[name]
        )
    else:
        parser.add_argument(option, dest=name, type=kind, default=None, help=_HELP[name])


# -- params


def _get(config: Config, args: t.Any) -> int:
    with commands.connect(config) as client:
        value = _served(client, config).param(client, args.name, not args.own, args.decode)
    print_line(json.dumps(value, indent=2, ensure_ascii=False))
    return 0


def _set(config: Config, args: t.Any) -> int:
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
    findings = Preflight(config).run()
    if args.json:
        print_line(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print_line(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.what}: {finding.told}")
            if finding.advice:
                print_line(f"      -> {finding.advice}")
    return 0 if all(finding.ok for finding in findings) else 1


if __name__ == "__main__":
    raise SystemExit(main())
