# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Finds the machine of each host by its identifying data; missing machines are created.

One list serves any number of hosts.  The data of a host must lead to one machine: a name that means
one and a network card that belongs to another is a mistake that would run jobs in the wrong place.
"""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import UsageError
from ...converge.bulk import Bulk
from ...converge.results import bulk_result
from ...converge.task import Options, Result, Task
from ...converge.workers import workers_of
from ..listing import Query, select
from ..machine import Machine

Object = dict[str, t.Any]

_EMPTY_MAC = "00:00:00:00:00:00"
_PLACEHOLDER_SERIALS = {
    "",
    "0",
    "none",
    "na",
    "n/a",
    "notspecified",
    "tobefilledbyo.e.m.",
    "defaultstring",
    "systemserialnumber",
}


@dataclasses.dataclass(frozen=True)
class Host:
    """The identifying data of a host; "" and () if unknown."""

    host: str
    uuid: str = ""
    name: str = ""
    macs: tuple[str, ...] = ()
    serial: str = ""
    address: str = ""

    @classmethod
    def of(cls, entry: Options) -> Host:
        serial = str(entry.get("serial") or "").strip()
        cards = dict.fromkeys(map(_normalized_mac, entry.get("macs") or []))
        return cls(
            host=entry["host"],
            uuid=entry.get("uuid") or "",
            name=entry.get("name") or "",
            macs=tuple(card for card in cards if card not in ("", _EMPTY_MAC)),
            serial="" if serial.replace(" ", "").lower() in _PLACEHOLDER_SERIALS else serial,
            address=_address(entry.get("address")),
        )


def run(task: Task) -> Result:
    """What ``drp_enrol`` does."""
    workers_of(task.options)  # wrong, it is an error also where nothing is made
    hosts = [Host.of(entry) for entry in task.options["hosts"]]
    _refuse_duplicates(hosts)
    serial_param = task.options["serial_param"]
    finder = MachineFinder(_machines(task.client, hosts), serial_param)
    found = {host.host: finder.find(host) for host in hosts}
    _refuse_shared_machines(found)
    missing = [host for host in hosts if found[host.host] is None]
    result: Result = {"changed": False, "diff": {"before": {}, "after": {}}}
    created: dict[str, Object] = {}
    if missing:
        created = _create(task, missing, serial_param, result)
    entries = {host: _machine_entry(*match) for host, match in found.items() if match is not None}
    entries.update({host: _machine_entry(item, "created") for host, item in created.items()})
    return {**result, "machines": {host.host: entries[host.host] for host in hosts if host.host in entries}}


class MachineFinder:
    """The machines of a server by all that identifies them."""

    def __init__(self, machines: t.Iterable[Object], serial_param: str) -> None:
        self._by: dict[str, dict[str, list[Object]]] = {
            matched_by: collections.defaultdict(list) for matched_by in ("uuid", "name", "mac", "serial")
        }
        for item in machines:
            self._by["uuid"][str(item.get("Uuid")).lower()].append(item)
            self._by["name"][str(item.get("Name"))].append(item)
            for card in item.get("HardwareAddrs") or []:
                self._by["mac"][_normalized_mac(card)].append(item)
            serial = str((item.get("Params") or {}).get(serial_param) or "").strip()
            if serial:
                self._by["serial"][serial.lower()].append(item)

    def find(self, host: Host) -> tuple[Object, str] | None:
        """The machine and how it was found; None without one, UsageError for more than one."""
        if host.uuid:
            return self._by_uuid(host)
        hits: dict[str, tuple[Object, list[str]]] = {}
        for matched_by, value in self._identifiers(host):
            for item in self._by[matched_by].get(value, []):
                hits.setdefault(str(item["Uuid"]), (item, []))[1].append(f"{matched_by} {value}")
        if len(hits) > 1:
            matches = "; ".join(
                f"{item['Name']} ({uuid}) by its {', '.join(ways)}" for uuid, (item, ways) in hits.items()
            )
            raise UsageError(
                f"hosts: {host.host} matches {len(hits)} machines: {matches}. Set uuid, or correct the "
                "machines on the server"
            )
        for item, ways in hits.values():
            return item, ways[0].partition(" ")[0]
        return None

    def _by_uuid(self, host: Host) -> tuple[Object, str]:
        items = self._by["uuid"].get(host.uuid.lower())
        if not items:
            raise UsageError(f"hosts: there is no machine with the UUID {host.uuid} set for {host.host}")
        return items[0], "uuid"

    def _identifiers(self, host: Host) -> t.Iterator[tuple[str, str]]:
        if host.name:
            yield "name", host.name
        for card in host.macs:
            yield "mac", card
        if host.serial:
            yield "serial", host.serial.lower()


def _machines(client: Client, hosts: t.Sequence[Host]) -> list[Object]:
    by_serial = any(host.serial and not host.uuid for host in hosts)
    return select(client, "machines", Query(slim=("Meta",) if by_serial else ("Meta", "Params")))


def _refuse_duplicates(hosts: t.Sequence[Host]) -> None:
    counted = collections.Counter(host.host for host in hosts)
    twice = [host for host, count in counted.items() if count > 1]
    if twice:
        raise UsageError(f"hosts: {', '.join(twice)} is listed more than once")
    unidentified = [host.host for host in hosts if not (host.uuid or host.name or host.macs or host.serial)]
    if unidentified:
        raise UsageError(
            f"hosts: nothing identifies {', '.join(unidentified)}; set uuid, name, macs or serial"
        )


def _refuse_shared_machines(found: t.Mapping[str, tuple[Object, str] | None]) -> None:
    owners: dict[str, str] = {}
    for host, match in found.items():
        if match is not None:
            other = owners.setdefault(str(match[0]["Uuid"]), host)
            if other != host:
                raise UsageError(f"hosts: {other} and {host} both match the machine {match[0]['Name']}")


def _create(task: Task, missing: t.Sequence[Host], serial_param: str, result: Result) -> dict[str, Object]:
    """Make the machines, and note that in ``result``; host -> machine."""
    if not task.options["create"]:
        names = ", ".join(host.host for host in missing)
        raise UsageError(f"hosts: the server has no machine for {names}. Set create: true to create them")
    wanted = [_wanted_machine(host, serial_param) for host in missing]
    outcomes = Bulk(
        task.client, wanted, check=task.check, workers=workers_of(task.options), on_progress=task.on_progress
    ).run()
    result.update(bulk_result(task, outcomes))
    result.pop("results")
    return {host.host: outcome.item for host, outcome in zip(missing, outcomes) if outcome.item is not None}


def _wanted_machine(host: Host, serial_param: str) -> Machine:
    if not host.name:
        raise UsageError(f"hosts: {host.host} has no machine; set its name to create one")
    spec: Object = {"Name": host.name}
    spec.update({"Address": host.address} if host.address else {})
    spec.update({"HardwareAddrs": list(host.macs)} if host.macs else {})
    spec.update({"Params": {serial_param: host.serial}} if host.serial else {})
    return Machine(kind="machines", spec=spec)


def _machine_entry(item: Object, matched_by: str) -> Object:
    return {
        "uuid": models.key_of("machines", item),
        "name": item.get("Name", ""),
        "address": item.get("Address", ""),
        "matched_by": matched_by,
    }


def _address(told: t.Any) -> str:
    """The address that a host says it has, "" for what is none: one host must not stop the others."""
    try:
        return str(ipaddress.ip_address(str(told).strip()))
    except ValueError:
        return ""


def _normalized_mac(text: str) -> str:
    return str(text).strip().lower().replace("-", ":")
