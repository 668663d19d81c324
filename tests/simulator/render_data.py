# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that templates see: the machine, its bootenv and stage, and helper methods."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .gotmpl import GoObject, Renderer, TemplateError, parse
from .gotmpl.values import to_json
from .models import hex_key
from .store import Row
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server

_ADDRESS = "127.0.0.1"
# three times 52 weeks
_INFINITE = 26208 * 3600


class Dot:
    """Builds the dot of a rendering."""

    def __init__(self, server: Server, machine: Row | None, task: Row | None, renderer: Renderer) -> None:
        self._server = server
        self._machine = machine
        self._renderer = renderer
        self.bag = GoObject(
            Param=self._param,
            ParamExists=self._param_exists,
            ParamAsJSON=lambda key: to_json(self._param(key)),
            # JSON is YAML
            ParamAsYAML=lambda key: to_json(self._param(key), indent=2),
            CallTemplate=renderer.call,
            ApiURL=self._api_url(),
            ProvisionerURL=self._static_url(),
            ProvisionerAddress=_ADDRESS,
            GenerateToken=self._token,
            GenerateInfiniteToken=lambda: self._machine_token(_INFINITE) if machine else "",
            GenerateProfileToken=lambda profile, seconds: self._profile_token(profile, seconds),
            ParseUrl=parse_url,
            NetmaskToCIDR=netmask_to_cidr,
        )
        if machine:
            self.bag.members["Machine"] = self._machine_object(machine)
            self._add_places(machine)
        if task:
            self.bag.members["Task"] = GoObject(**task.data)

    def _add_places(self, machine: Row) -> None:
        env = self._server.store.data("bootenvs", machine.data["BootEnv"])
        stage = self._server.store.data("stages", machine.data["Stage"])
        if stage:
            self.bag.members["Stage"] = GoObject(**stage)
        if env:
            self.bag.members["Env"] = self._bootenv_object(env, machine)
            self.bag.members["BootParams"] = lambda: self._boot_params(env)

    def _api_url(self) -> str:
        return f"https://{_ADDRESS}:{self._server.ports.api}"

    def _static_url(self) -> str:
        return f"http://{_ADDRESS}:{self._server.ports.static}"

    def _lookup(self, key: str) -> tuple[bool, Any]:
        if not self._machine:
            return self._server.params.default(key)
        return self._server.params.lookup(self._machine, key, decode=True)

    def _param(self, key: str) -> Any:
        found, value = self._lookup(key)
        if not found:
            raise TemplateError(f"No such machine parameter {key}")
        return value

    def _param_exists(self, key: str) -> bool:
        return self._lookup(key)[0]

    def _machine_token(self, seconds: float) -> str:
        assert self._machine
        return self._server.tokens.for_machine(self._machine, seconds)

    def _token(self) -> str:
        prefs = self._server.prefs
        if self._machine:
            return self._machine_token(int(prefs.value("knownTokenTimeout")))
        claims = (("machines", "create,get", "*"), ("info", "get", "*"))
        return self._server.tokens.issue(int(prefs.value("unknownTokenTimeout")), claims=claims)

    def _profile_token(self, profile: str, seconds: int) -> str:
        claims = (("profiles", "get,update", profile), ("info", "get", "*"))
        return self._server.tokens.issue(seconds or _INFINITE, claims=claims)

    def _machine_object(self, machine: Row) -> GoObject:
        data, path = machine.data, f"machines/{machine.key}"
        return GoObject(
            **data,
            UUID=machine.key,
            Path=path,
            Url=f"{self._static_url()}/{path}",
            ShortName=data["Name"].partition(".")[0],
            HexAddress=hex_key(data["Address"]) if data["Address"] else "",
            MacAddr=lambda form="raw": _mac(data, form),
            HasProfile=lambda name: name in data["Profiles"],
        )

    def _bootenv_object(self, env: Obj, machine: Row) -> GoObject:
        arch = machine.data["Arch"]
        isos = self._server.isos
        kernel, initrds = isos.boot_files(env, arch) or ("", [])
        below = isos.folder_of(env, arch).relative_to(self._server.root)

        def path_for(protocol: str, *names: str) -> str:
            place = "/".join([str(below), *names])
            return f"{self._static_url()}/{place}" if protocol == "http" else place

        os_parts = {
            "FamilyName": env["OS"]["Family"] or env["OS"]["Name"],
            "FamilyVersion": env["OS"]["Version"],
        }
        return GoObject(
            **{**env, "OS": GoObject(**env["OS"], **os_parts), "Kernel": kernel, "Initrds": initrds},
            PathFor=path_for,
            PathForArch=lambda protocol, name, _arch: path_for(protocol, name),
            InstallUrl=path_for("http"),
            KernelFor=lambda _arch: kernel,
            InitrdsFor=lambda _arch: initrds,
            JoinInitrds=lambda protocol: " ".join(path_for(protocol, name) for name in initrds),
        )

    def _boot_params(self, env: Obj) -> str:
        return self._renderer.render(parse(env["BootParams"]), self.bag)


def _mac(data: Obj, form: str) -> str:
    address = data["HardwareAddrs"][0].lower() if data["HardwareAddrs"] else ""
    if form in ("pxe", "pxelinux") and address:
        return "01-" + address.replace(":", "-")
    return address


def parse_url(part: str, url: str) -> str:
    """One part of a URL, named as Go names it."""
    parsed = urlsplit(url)
    known = {
        "scheme": parsed.scheme,
        "host": parsed.netloc,
        "hostname": parsed.hostname or "",
        "port": str(parsed.port or ""),
        "path": parsed.path,
        "rawpath": parsed.path,
        "rawquery": parsed.query,
    }
    if part not in known:
        raise TemplateError(f"No idea how to get URL segment {part} from {url}")
    return known[part]


def netmask_to_cidr(mask: str) -> int:
    return ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen
