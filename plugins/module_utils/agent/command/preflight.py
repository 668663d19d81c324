# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""``drp-agent check``: checks everything that an agent requires, and says how to fix it.

Nothing is written to the server.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import dataclasses
import email.utils
import os
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

from ...client.client import Client, Object
from ...client.errors import (
    CertificateRejected,
    ConnectionFailed,
    DrpError,
    LoginRequired,
    NotPermitted,
    TokenRevoked,
)
from ..job import job_requests
from ..job.work_orders import WorkOrders
from ..machine_watch import MachineWatch, in_work_order_mode
from ..retry import StopSignal
from ..script import task_files
from ..served import Served
from ..state import Lock
from .config import Config
from .connect import connect, find_machine, served_by

_MAX_CLOCK_SKEW = 60.0
_MIN_FREE_BYTES = 64 << 20
_ORDER_CLAIMS = "mint a token with the claims to list, get and update work_orders"


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of one check; ``advice`` is empty if nothing has to be done."""

    what: str
    ok: bool
    told: str
    advice: str = ""


class Preflight:
    """Runs the checks in order; what makes the rest pointless ends them."""

    def __init__(self, config: Config) -> None:
        self.findings: list[Finding] = []
        self._config = config
        self._word = Served(config.kind, "").word

    def run(self) -> list[Finding]:
        self._local()
        try:
            client = connect(self._config).with_timeout(15.0)
            if self._endpoint(client):
                machine = self._machine(client)
                if machine is not None:
                    self._work(client, machine)
        except DrpError as error:
            self._add_failure("configuration", error.messages[0], "correct the named option or file")
        return self.findings

    # -- here

    def _local(self) -> None:
        version = ".".join(map(str, sys.version_info[:3]))
        self._add_finding(
            "python", sys.version_info >= (3, 9), version, "run the agent with Python 3.9 or newer"
        )
        folder = self._config.state_dir
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            self._add_failure(
                "state_dir", f"{folder}: {error.strerror}", "set state_dir to a writable folder"
            )
        else:
            message = f"{folder}, {free >> 20} MiB free"
            self._add_finding(
                "state_dir",
                free >= _MIN_FREE_BYTES,
                message,
                "free some space: job logs are stored there until the server has them",
            )
        self._runner_dir()
        shell = shutil.which("bash")
        self._add_finding(
            "bash", shell is not None, shell or "not found", "most tasks are bash scripts: install bash"
        )

    def _runner_dir(self) -> None:
        """A folder may well be writable and yet be mounted so that nothing runs from it."""
        base = self._config.runner_dir or tempfile.gettempdir()
        try:
            os.makedirs(base, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="drp-check-", dir=base) as folder:
                path = os.path.join(folder, "script")
                task_files.write(path, "#!/bin/sh\nexit 0\n", 0o700)
                subprocess.run([path], check=True, timeout=10)
        except (OSError, subprocess.SubprocessError) as error:
            advice = "set runner_dir to a writable folder that is not mounted noexec"
            self._add_failure("runner_dir", f"scripts cannot run in {base}: {error}", advice)
        else:
            self._add_success("runner_dir", f"scripts can run in {base}")

    # -- the server

    def _endpoint(self, client: Client) -> bool:
        before = time.time()
        try:
            request = client.req().get().url_for("info")
            info = request.do()
        except CertificateRejected as error:
            self._add_success("endpoint", f"{client.endpoint} answers")
            return self._add_failure("tls", error.messages[0], "set ca_path or cert_fingerprint")
        except ConnectionFailed as error:
            advice = "check the endpoint's name and port, the network and the firewall"
            return self._add_failure("endpoint", error.messages[0], advice)
        except (LoginRequired, TokenRevoked) as error:
            self._add_success("endpoint", f"{client.endpoint} answers")
            advice = "write a fresh token for this machine into the configuration or the token file"
            return self._add_failure("token", error.messages[0], advice)
        except DrpError as error:
            return self._add_failure("endpoint", str(error), "is this the API port of a DRP server?")
        self._add_success("endpoint", f"{client.endpoint} answers, DRP {info.get('version')}")
        secure = client.transport.trust.authenticates_server
        message = "the certificate is verified" if secure else "the certificate is not verified"
        self._add_finding(
            "tls", secure, message, "set ca_path or cert_fingerprint instead of validate_certs: false"
        )
        self._add_success("token", "is accepted")
        self._clock(request.answer.headers if request.answer else {}, before)
        return True

    def _clock(self, headers: t.Mapping[str, str], before: float) -> None:
        try:
            server_time = email.utils.parsedate_to_datetime(headers.get("Date", "")).timestamp()
        except (TypeError, ValueError):
            return
        skew = before - server_time
        message = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
        self._add_finding(
            "clock", abs(skew) <= _MAX_CLOCK_SKEW, message, "set the clock: certificates and tokens expire"
        )

    def _machine(self, client: Client) -> Object | None:
        try:
            machine = find_machine(client, self._config)
        except NotPermitted as error:
            self._add_failure("machine", str(error), f"mint a token for this {self._word}: this one is not")
        except DrpError as error:
            self._add_failure(
                "machine", str(error), f"set machine to the UUID of a {self._word} that the token may see"
            )
        else:
            served = served_by(self._config, machine)
            more = "" if served.boots else f", a {served.word}: no task of it reboots this host"
            self._add_success("machine", f"{machine.get('Name')} ({machine['Uuid']}){more}")
            return machine
        return None

    def _work(self, client: Client, machine: Object) -> None:
        self._claims(client, machine)
        holder = Lock.holder(self._config.state_dir, str(machine["Uuid"]))
        self._add_success(
            "agent", "none runs" if holder is None else f"process {holder} runs for this {self._word}"
        )
        self._events(client, machine)
        self._work_orders(client, machine)
        self._runnable(client, machine)

    def _claims(self, client: Client, machine: Object) -> None:
        for kind, key in (("stages", str(machine.get("Stage") or "none")), ("jobs", _current_job(machine))):
            try:
                if key and client.find(kind, key) is None and kind == "jobs":
                    advice = "mint the machine's token with claims on its own jobs, or ignore a deleted job"
                    self._add_failure("claims", f"the current job {key} cannot be read", advice)
                    return
            except DrpError as error:
                self._add_failure("claims", str(error), f"the token needs the claim to get {kind}")
                return
        self._add_success("claims", "machine, stage and current job can be read")

    def _events(self, client: Client, machine: Object) -> None:
        try:
            MachineWatch(client, served_by(self._config, machine), StopSignal()).close()
        except DrpError as error:
            self._add_failure(
                "events", str(error), "allow websocket connections to /api/v3/ws, also in proxies"
            )
        else:
            self._add_success("events", "the server sends events")

    def _work_orders(self, client: Client, machine: Object) -> None:
        if not in_work_order_mode(machine):
            return
        counts = f"{machine.get('PendingWorkOrders', 0)} wait, {machine.get('RunningWorkOrders', 0)} run"
        served = served_by(self._config, machine)
        orders = WorkOrders(client, served, self._config.context, lambda _line: None)
        try:
            orders.waiting(machine)
        except DrpError as error:
            self._add_failure("work_orders", f"in work order mode ({counts}), but {error}", _ORDER_CLAIMS)
            return
        told = f"; not served: {orders.not_served}" if orders.not_served else ""
        advice = _ORDER_CLAIMS if orders.hidden else "run them with drpcli processjobs, or cancel them"
        self._add_finding("work_orders", not told, f"in work order mode ({counts}){told}", advice)

    def _runnable(self, client: Client, machine: Object) -> None:
        position = f"task {machine.get('CurrentTask')} of {len(machine.get('Tasks') or [])}"
        where = f"workflow {machine.get('Workflow') or '-'}, stage {machine.get('Stage')}, {position}"
        if not machine.get("Available"):
            reasons = "; ".join(map(str, machine.get("Errors") or [])) or "the server gives no reason"
            self._add_failure(
                "runnable", f"the {self._word} is not available: {reasons}", "correct the named problem"
            )
            return
        job = job_requests.find_job(client, _current_job(machine)) if _current_job(machine) else None
        if not machine.get("Runnable"):
            last = f"; its last job ({job['Task']}) is {job['State']}" if job else ""
            advice = "see that job's log; set Runnable to true to continue"
            self._add_failure("runnable", f"{where}: the {self._word} is not runnable{last}", advice)
            return
        self._add_success("runnable", where)

    # -- findings

    def _add_finding(self, what: str, ok: bool, message: str, advice: str) -> None:
        self.findings.append(Finding(what, ok, message, "" if ok else advice))

    def _add_success(self, what: str, message: str) -> None:
        self._add_finding(what, True, message, "")

    def _add_failure(self, what: str, message: str, advice: str) -> bool:
        self._add_finding(what, False, message, advice)
        return False


def _current_job(machine: Object) -> str:
    uuid = str(machine.get("CurrentJob") or "")
    return uuid if uuid.strip("0-") else ""
