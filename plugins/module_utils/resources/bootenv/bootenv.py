# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Boot environments, with the templates they refer to and the ISOs they boot from."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import typing as t

from ...client.client import Client
from ...client.errors import DrpError, UsageError
from ...client.files.blobs import static_url
from ...client.files.bootenvs import BootEnvFile, read_bootenv, read_template
from ...converge.bulk import Bulk
from ...converge.resource import Object, Resource
from ...converge.results import bulk_result, converge_one
from ...converge.task import Options, Result, Task, failure
from .isos import IsoConverger
from .wanted_isos import Iso, IsoOption, isos_for, with_checksums


@dataclasses.dataclass
class BootEnv(Resource):
    """A wanted boot environment.

    The server drops members that it does not know silently.  An architecture's checksum under the
    name ``IsoSha256``, which is right one level higher, is such a member, and real content has it.
    """

    may_create: bool = True
    iso_options: tuple[IsoOption, ...] = ()
    arches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        system = self.spec.get("OS")
        if isinstance(system, dict):
            self.spec["OS"] = self._normalized_os(system)

    def check(self, current: Object | None) -> None:
        super().check(current)
        if current is None and not self.may_create:
            raise UsageError(f"{self.label}: no such bootenv; set spec or src to create it")
        self.isos(self.creation_body() if current is None else self.wanted_object(current))

    def creation_body(self) -> Object:
        body = copy.deepcopy(super().creation_body())
        if body.get("OS"):
            body["OS"] = with_checksums(body["OS"], self.isos(body))
        return body

    def wanted_object(self, current: Object) -> Object:
        wanted = super().wanted_object(current)
        if wanted.get("OS") and not current.get("ReadOnly"):
            wanted["OS"] = with_checksums(copy.deepcopy(wanted["OS"]), self.isos(wanted))
        return wanted

    def isos(self, env: Object) -> list[Iso]:
        """The ISOs of the boot environment in some state, with what the user says of them."""
        return isos_for(env, self.iso_options, self.arches)

    def _normalized_os(self, system: Object) -> Object:
        arches = system.get("SupportedArchitectures")
        if not isinstance(arches, dict):
            return system
        return {
            **system,
            "SupportedArchitectures": {
                arch: self._normalized_arch(arch, info) if isinstance(info, dict) else info
                for arch, info in arches.items()
            },
        }

    def _normalized_arch(self, arch: str, info: Object) -> Object:
        other = next((name for name in info if name.lower() == "isosha256"), "")
        if not other or "Sha256" in info:
            return info
        self.spec_warnings.append(f"{self.label}: {other} of the architecture {arch} is used as its Sha256")
        return {"Sha256" if name == other else name: value for name, value in info.items()}


def run(task: Task) -> Result:
    """What ``drp_bootenv`` does."""
    options = task.options
    with _without_error_members():
        read = read_bootenv(options["src"]) if options.get("src") else None
    env = from_options(options, read)
    if options["state"] == "absent":
        return converge_one(task, env, "bootenv")
    if options["verify"] and (options["isos"] or options["iso_dir"] or options["download"]):
        _require_static_files(task.client)
    with _without_error_members():
        templates = templates_from(options, read, task.client)
    result = _converge_templates(task, templates)
    if not result.get("failed"):
        result = _merged(result, converge_one(task, env, "bootenv"))
    if not result.get("failed"):
        result = _merged(result, _converge_isos(task, env, result))
    return result


def from_options(options: Options, read: BootEnvFile | None = None) -> BootEnv:
    """The boot environment of the options of ``drp_bootenv``."""
    spec = dict(read.spec if read else options.get("spec") or {})
    name = options.get("name")
    if name and spec.get("Name", name) != name:
        raise UsageError(f"name: {name} is not {spec['Name']}, which is the Name in the definition")
    if name:
        spec["Name"] = name
    return BootEnv(
        kind="bootenvs",
        spec=spec,
        state=options["state"],
        require_available=options["require_available"],
        may_create=read is not None or options.get("spec") is not None,
        iso_options=tuple(IsoOption.of(entry) for entry in options.get("isos") or []),
        arches=tuple(options.get("arches") or []),
    )


def templates_from(options: Options, read: BootEnvFile | None, client: Client) -> list[Resource]:
    """The templates of the option, and those that lie beside ``src``; the option's win.

    Raises UsageError when one that the definition refers to is neither there nor on the server.
    """
    wanted: dict[str, str] = {}
    for entry in options.get("templates") or []:
        template_id = entry.get("id") or os.path.basename(entry.get("src") or "")
        if template_id in wanted:
            raise UsageError(f"templates: {template_id} is given twice")
        text = entry.get("contents")
        wanted[template_id] = read_template(entry["src"], template_id) if text is None else text
    if read:
        absent = [one for one in read.missing if one not in wanted and not client.exists("templates", one)]
        if absent:
            raise UsageError(
                f"src: the templates {', '.join(absent)} are neither in {read.folder} nor on the server"
            )
        for template_id, path in read.templates.items():
            if template_id not in wanted:
                wanted[template_id] = read_template(path, template_id)
    return [Resource("templates", {"ID": name, "Contents": text}) for name, text in wanted.items()]


@contextlib.contextmanager
def _without_error_members() -> t.Iterator[None]:
    """The client's errors about local files, without the members that a server's error has."""
    try:
        yield
    except UsageError as error:
        raise UsageError(*error.messages) from error


def _require_static_files(client: Client) -> None:
    try:
        static_url(client)
    except UsageError as error:
        raise UsageError(
            f"{error.messages[0]}, so the unpacking of ISOs cannot be verified. Set verify: false to skip "
            "the check, or start the server with its file server"
        ) from error


def _converge_templates(task: Task, templates: list[Resource]) -> Result:
    if not templates:
        return {"changed": False, "templates": []}
    result = bulk_result(task, Bulk(task.client, templates, task.check).run())
    keep = ("key", "action", "msg", "error")
    entries = [{name: entry[name] for name in keep if name in entry} for entry in result.pop("results")]
    return {**result, "templates": entries}


def _converge_isos(task: Task, env: BootEnv, result: Result) -> Result:
    bootenv = result["bootenv"]
    converger = IsoConverger(task, bootenv, just_saved=result["action"] != "unchanged")
    iso_result: Result = {"changed": False}
    try:
        converger.converge(env.isos(bootenv))
    except DrpError as error:
        iso_result = failure(error)
    changed = [outcome for outcome in converger.outcomes if outcome.changed]
    iso_result["isos"] = [outcome.properties for outcome in converger.outcomes]
    iso_result["changed"] = bool(changed)
    iso_result["warnings"] = converger.warnings
    iso_result["diff"] = {
        "before": {f"isos/{outcome.iso.file}": _size(outcome.before) for outcome in changed},
        "after": {
            f"isos/{outcome.iso.file}": {**_size(outcome.size), "action": outcome.action}
            for outcome in changed
        },
    }
    return iso_result


def _size(size: int | None) -> Result:
    return {} if size is None else {"size": size}


def _merged(first: Result, second: Result) -> Result:
    """Both results as one: changed if one is, with the warnings and the differences of both."""
    merged = {**first, **second, "changed": first["changed"] or second["changed"]}
    sides = [result["diff"] for result in (first, second) if "diff" in result]
    if sides:
        merged["diff"] = {
            name: {**sides[0].get(name, {}), **sides[-1].get(name, {})} for name in ("before", "after")
        }
    warnings = [*first.get("warnings", ()), *second.get("warnings", ())]
    merged.pop("warnings", None)
    return {**merged, "warnings": warnings} if warnings else merged
