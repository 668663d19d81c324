# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The words of the command line."""

from __future__ import annotations

import argparse

from .config import FIELDS

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


def parser() -> argparse.ArgumentParser:
    """What all commands have in common are the fields of the configuration, with None for one not given."""
    about = "Runs the jobs of a DRP machine, cluster or resource broker."
    made = argparse.ArgumentParser(prog="drp-agent", description=about)
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("-c", "--config", help="configuration file (default: /etc/drp-agent/agent.yml)")
    for name, field in FIELDS.items():
        _add(options, name, type(field.default))
    verbs = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, parents=[options], help=text, description=text)

    verb("run", "Run jobs until stopped.")
    verb("once", "Run the pending jobs, then exit.")
    status = verb("status", "Show what the agent of this machine is doing.")
    status.add_argument("--json", action="store_true", help="as JSON")
    check = verb("check", "Check whether an agent can work on this host, and show what to fix.")
    check.add_argument("--json", action="store_true", help="as JSON")
    param = verbs.add_parser("param", help="Get and set params of what is served.")
    ways = param.add_subparsers(dest="way", required=True, metavar="get|set")
    get = ways.add_parser("get", parents=[options], help="Print a param as JSON.")
    get.add_argument("name")
    get.add_argument("--own", action="store_true", help="its own, without its profiles")
    get.add_argument("--decode", action="store_true", help="decode a secure param")
    put = ways.add_parser("set", parents=[options], help="Set a param.")
    put.add_argument("name")
    put.add_argument(
        "value", nargs="?", help="YAML or JSON; read from standard input when it is missing or -"
    )
    return made


def _add(options: argparse.ArgumentParser, name: str, kind: type) -> None:
    option = f"--{name.replace('_', '-')}"
    if kind is bool:
        options.add_argument(
            option, dest=name, action=argparse.BooleanOptionalAction, default=None, help=_HELP[name]
        )
    else:
        options.add_argument(option, dest=name, type=kind, default=None, help=_HELP[name])
