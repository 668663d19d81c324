# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads answers, each as a function that goes once through its work.

It ends when the work is done or has failed in words; what else it raises is a fault of the collection.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import threading
import typing as t
import uuid
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader

import agentlab
from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.plugins.inventory import drp as inventory_plugin
from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job.task_runner import RunnerFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.machine_agent import AgentFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import (
    actions,
    etags,
    jobs,
    params,
    users,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs import contents
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.groups import (
    GROUPS_BY,
    OWNERS,
)
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.modules import load_module
from garbling.proxy import GarblingProxy
from simulator.launch import PASSWORD, USERNAME, Simulator

QUICK = Retry(delays=(0.0, 0.0), sleep=lambda _seconds: None)
NAMES = ("web-1", "web-2", "db-1")
INVENTORY_NAME = "digitalrebar.provision.drp"


@dataclasses.dataclass
class Bench:
    """A server with a few objects, and the proxy through which everything goes."""

    simulator: Simulator
    proxy: GarblingProxy
    folder: Path
    token: str = ""
    uuids: dict[str, str] = dataclasses.field(default_factory=dict)
    failures: list[str] = dataclasses.field(default_factory=list)
    """What modules said that failed."""

    def prepare(self) -> None:
        """Fill the server, past the proxy."""
        self.simulator.reset()
        self.token = ""
        with settings.connect(self._settings(self.simulator.endpoint)) as client:
            self.token = client.token()
            client.create("params", {"Name": "rack/pin", "Secure": True, "Schema": {"type": "string"}})
            client.create(
                "profiles", {"Name": "web-app", "Params": {"http/port": 80, "deep": {"a": [1, {"b": 2}]}}}
            )
            client.create(
                "tasks", {"Name": "greet", "Templates": [{"Name": "t", "Contents": "#!/bin/sh\ntrue\n"}]}
            )
            client.create("stages", {"Name": "greeted", "Tasks": ["greet"]})
            client.create("workflows", {"Name": "flow", "Stages": ["greeted"]})
            for number, name in enumerate(NAMES):
                made = client.create("machines", {
                    "Name": name, "Address": f"192.0.2.{number + 1}", "Profiles": ["web-app"],
                    "Params": {"rack/name": f"r{number}"}, "Meta": {"dns": f"{name}.example.com"},
                })  # fmt: skip
                self.uuids[name] = made["Uuid"]
            client.request_job({"Machine": self.uuids["web-2"]})

    def _settings(self, endpoint: str) -> settings.Settings:
        return settings.Settings(
            endpoints=(endpoint,),
            username="" if self.token else USERNAME,
            password="" if self.token else PASSWORD,
            token=self.token,
            trust=Tls.create(True, self.simulator.ca, None),
            token_cache="",
            timeout=20.0,
        )

    @contextlib.contextmanager
    def client(self, **changes: t.Any) -> t.Iterator[Client]:
        """Through the proxy."""
        usual = self._settings(self.proxy.endpoint)
        with settings.connect(dataclasses.replace(usual, **changes), retry=QUICK) as connected:
            yield connected

    def module(self, name: str, /, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """The result of a module's logic, as action and module call it."""
        connection = {"endpoint": self.proxy.endpoint, "token": self.token, "token_cache": ""}
        result = module_result(name, check, **connection, **options)
        if result.get("failed"):
            assert isinstance(result["msg"], str)
            self.failures.append(f"{name}: {result['msg']}")
        return result


def module_result(name: str, /, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """The result of a module's logic for these options."""
    module = load_module(name)
    validated = ArgumentSpecValidator(**module.SPEC).validate(options)
    assert not validated.error_messages, validated.error_messages
    given = {option: validated.validated_parameters.get(option) for option in module.SPEC["argument_spec"]}
    return runner.run(module.run, given, check, {})


Scenario = t.Callable[[Bench], None]


def client(bench: Bench) -> None:
    machine = bench.uuids["web-1"]
    with bench.client(token="", username=USERNAME, password=PASSWORD) as logging_in:
        _try(logging_in.token)
        _try(logging_in.info)
    with bench.client() as one:
        calls: list[t.Callable[[], t.Any]] = [
            lambda: one.list("machines"),
            lambda: one.list("machines", page_size=2, workers=2),
            lambda: one.list("profiles", page_size=1),
            lambda: one.find("machines", f"Name:{NAMES[0]}"),
            lambda: one.exists("machines", machine),
            lambda: one.fill("machines", {"Uuid": machine}),
            lambda: one.kinds(),
            lambda: one.indexes("machines"),
            lambda: one.one_index("machines", "Name"),
            lambda: one.logs(),
            lambda: params.get_all(one, "machines", machine, aggregate=True),
            lambda: params.get(one, "machines", machine, "rack/name"),
            lambda: params.set(one, "machines", machine, "rack/name", "r9"),
            lambda: params.get_meta(one, "machines", machine),
            lambda: params.public_key(one, "machines", machine),
            lambda: actions.available(one, "machines", machine),
            lambda: etags.get_with_etag(one, "profiles", "web-app"),
            lambda: users.mint_token(one, USERNAME, 60),
            lambda: [jobs.job_actions(one, job["Uuid"]) for job in one.list("jobs")],
            lambda: [jobs.job_log_tail(one, job["Uuid"], 3) for job in one.list("jobs")],
            lambda: contents.summaries(one),
        ]
        for call in calls:
            _try(call)


def machine(bench: Bench) -> None:
    with _modules(bench):
        wanted = {"name": "web-1", "params": {"rack/name": "r7", "rack/pin": "1234"}, "meta": {"a": "b"}}
        bench.module("drp_machine", **wanted, profiles=["web-app"], description=str(uuid.uuid4()))
        bench.module("drp_machine", **wanted, workflow="flow", stage=None, check=True)
        bench.module("drp_machine", name="db-1", stage="greeted", runnable=True)
        bench.module("drp_machine", name="new-1", address="192.0.2.99")
        bench.module("drp_machine", name="new-1", state="absent")


def bulk(bench: Bench) -> None:
    with _modules(bench):
        resources = [
            {"kind": "profiles", "spec": {"Name": f"p{number}", "Description": str(uuid.uuid4())}}
            for number in range(6)
        ]
        resources += [{"kind": "machines", "spec": {"Name": name, "Params": {"x": 1}}} for name in NAMES]
        bench.module("drp_object", resources=resources, return_objects=True)
        bench.module("drp_object", kind="stages", id="greeted", spec={"Tasks": ["greet"]})
        bench.module("drp_info", kind="machines", filters={"Name": "web-1"}, params=["rack/name"])
        bench.module("drp_info", gather=["server", "prefs", "indexes", "logs"])
        bench.module("drp_job_info", machine="web-2", log_lines=3)
        bench.module("drp_prefs", prefs={"debugDhcp": "info"})
        network = {
            "subnet": "198.51.100.0/24",
            "active_start": "198.51.100.10",
            "active_end": "198.51.100.20",
        }
        bench.module("drp_subnet", name="lab", **network, active_lease_time=60, reserved_lease_time=7200)


def content(bench: Bench) -> None:
    with _modules(bench):
        pack = {
            "meta": {"Name": "lab-pack", "Version": "v1.0.0", "Description": str(uuid.uuid4())},
            "sections": {"profiles": {"packed": {"Name": "packed", "Params": {"a": 1}}}},
        }
        bench.module("drp_content", content=pack)
        bench.module("drp_content_fetch", name="lab-pack", dest=str(bench.folder / "pack.yml"))
        bench.module("drp_content", name="lab-pack", state="absent")


def inventory(bench: Bench) -> None:
    path = bench.folder / "drp.yml"
    options = {
        "plugin": INVENTORY_NAME,
        "endpoint": bench.proxy.endpoint,
        "token": bench.token,
        "token_cache": "",
        "filters": {"Runnable": True},
        "hostnames": ["Meta.dns", "Name"],
        "host_variables": {"ansible_user": "ssh/user", "rack": "rack/name"},
        "params": "aggregated",
        "flatten": ["machine", "params"],
        "groups_by": [name for name in GROUPS_BY if name not in OWNERS],
        "groups_by_params": ["rack/name", "deep"],
        "group_parents": True,
        "empty_profiles": True,
        "profile_variables": True,
        "compose": {
            "where": "drp_params['rack/name'] | default('-')",
            "ansible_port": "drp_params['ssh/port']",
        },
        "keyed_groups": [{"key": "drp.Name", "prefix": "n"}, {"key": "drp_params", "prefix": "p"}],
    }
    path.write_text(json.dumps(options))
    plugin = inventory_plugin.InventoryModule()
    plugin._load_name = plugin.ansible_name = INVENTORY_NAME
    plugin._redirected_names = [INVENTORY_NAME]
    filled = InventoryData()
    with contextlib.suppress(AnsibleError):
        plugin.parse(filled, DataLoader(), str(path), cache=False)
    filled.reconcile_inventory()
    assert bench.proxy.rate or len(filled.hosts) == len(NAMES)


def wait(bench: Bench) -> None:
    with _modules(bench):
        for options in (
            {"kind": "machines", "objects": list(NAMES), "until": [{"runnable": True}]},
            {"kind": "machines", "id": bench.uuids["web-1"], "until": [{"workflow": "flow"}], "timeout": 1},
            {"kind": "machines", "objects": ["web-2"], "until": [{"job_state": "finished"}], "timeout": 1},
            {"kind": "profiles", "id": "web-app", "until": [{"path": "Params.deep", "exists": True}]},
        ):
            bench.module("drp_wait", **{"timeout": 3, **options})


def event_source(bench: Bench) -> None:
    """For a while, with changes on the server that make events; a refusal may end the source."""
    arguments = {
        "endpoint": bench.proxy.endpoint, "username": USERNAME, "password": PASSWORD,
        "reconnect_delay": 0.01, "reconnect_delay_max": 0.02, "resync_interval": 0.2,
    }  # fmt: skip

    async def listen() -> None:
        queue: asyncio.Queue[t.Any] = asyncio.Queue()
        source = asyncio.ensure_future(drp_events.main(queue, arguments))
        changes = asyncio.ensure_future(asyncio.to_thread(_make_events, bench))
        await asyncio.wait({source, changes}, timeout=3, return_when=asyncio.ALL_COMPLETED)
        source.cancel()
        await changes
        with contextlib.suppress(asyncio.CancelledError, drp_events.AccessRefused):
            await source

    asyncio.run(listen())


def agent(bench: Bench) -> None:
    """One life of an agent; it may give up with an error in words."""
    lab = _lab(bench)
    item = lab.machine(Workflow="flow")
    _one_life(bench, lab, item)
    lab.client.delete("machines", item["Uuid"])
    lab.client.close()


def work_orders(bench: Bench) -> None:
    """The same in work order mode, where the server picks for machines, and the agent for clusters."""
    lab = _lab(bench)
    name = f"orders-{uuid.uuid4().hex}"
    blueprint = lab.blueprint(name, "greet", lab.task(name, "exit 1"))
    for kind in ("machines", "clusters"):
        lab.kind = kind
        item = lab.machine(WorkOrderMode=True)
        for _number in range(2):
            lab.order(item, blueprint)
        _one_life(bench, lab, item, exit_on_failure=False)
        lab.client.delete(kind, item["Uuid"])
    lab.client.close()


def _lab(bench: Bench) -> agentlab.Agents:
    lab = agentlab.Agents(bench.simulator, bench.folder / uuid.uuid4().hex)
    lab.folder.mkdir()
    return lab


def _one_life(bench: Bench, lab: agentlab.Agents, item: t.Any, **options: t.Any) -> None:
    with contextlib.suppress(DrpError, RunnerFailed, AgentFailed):
        running = lab.agent(item, endpoint=bench.proxy.endpoint, make_runnable=True, **options)
        try:
            _live(running)
        finally:
            running._agent_context.store.unlock()
            running._client.close()


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (client, machine, bulk, content, inventory, wait, event_source, agent, work_orders)
}
OF_V4 = ("work_orders",)
"""Those that need a v4 server."""


def _live(running: t.Any) -> None:
    """Run the agent to its end, which comes after some seconds at the latest."""
    timer = threading.Timer(4.0, lambda: setattr(running._agent_context.stop_signal, "requested", True))
    timer.daemon = True
    timer.start()
    try:
        running.run()
    finally:
        timer.cancel()


def _try(call: t.Callable[[], t.Any]) -> None:
    with contextlib.suppress(DrpError):
        call()


def _make_events(bench: Bench) -> None:
    with settings.connect(bench._settings(bench.simulator.endpoint)) as direct:
        for number in range(12):
            item = direct.get("machines", bench.uuids["web-1"])
            direct.patch_to("machines", item, {**item, "Description": f"{number} {uuid.uuid4()}"})


@contextlib.contextmanager
def _modules(bench: Bench) -> t.Iterator[None]:
    """Have all modules use a client of the bench, which does not sleep."""
    usual = runner.client_for
    with bench.client() as one:
        runner.client_for = lambda connection: one
        try:
            yield
        finally:
            runner.client_for = usual
