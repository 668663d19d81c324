# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that templates see: the machine, its bootenv and stage, and helper methods."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .gotmpl import Bag, Renderer, TemplateError, parse
from .gotmpl.values import to_json
from .models import hex_key
from .store import Row
from .wire import Obj

if TYPE_CHECKING:
    from .world import World

_ADDRESS = "127.0.0.1"
# three times 52 weeks
_INFINITE = 26208 * 3600


class Dot:
    """Builds the dot of a rendering."""

    def __init__(self, world: World, machine: Row | None, task: Row | None, renderer: Renderer) -> None:
        self._world = world
        self._machine = machine
        self._renderer = renderer
        self.bag = Bag(
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
            self.bag.members["Machine"] = self._machine_bag(machine)
            self._add_places(machine)
        if task:
            self.bag.members["Task"] = Bag(**task.data)

    def _add_places(self, machine: Row) -> None:
        env = self._world.store.data("bootenvs", machine.data["BootEnv"])
        stage = self._world.store.data("stages", machine.data["Stage"])
        if stage:
            self.bag.members["Stage"] = Bag(**stage)
        if env:
            self.bag.members["Env"] = self._env_bag(env, machine)
            self.bag.members["BootParams"] = lambda: self._boot_params(env)

    def _api_url(self) -> str:
        return f"https://{_ADDRESS}:{self._world.ports.api}"

    def _static_url(self) -> str:
        return f"http://{_ADDRESS}:{self._world.ports.static}"

    def _lookup(self, key: str) -> tuple[bool, Any]:
        if not self._machine:
            return self._world.params.default(key)
        return self._world.params.lookup(self._machine, key, decode=True)

    def _param(self, key: str) -> Any:
        found, value = self._lookup(key)
        if not found:
            raise TemplateError(f"No such machine parameter {key}")
        return value

    def _param_exists(self, key: str) -> bool:
        return self._lookup(key)[0]

    def _machine_token(self, seconds: float) -> str:
        assert self._machine
        return self._world.tokens.for_machine(self._machine, seconds)

    def _token(self) -> str:
        prefs = self._world.prefs
        if self._machine:
            return self._machine_token(int(prefs.value("knownTokenTimeout")))
        claims = (("machines", "create,get", "*"), ("info", "get", "*"))
        return self._world.tokens.issue(int(prefs.value("unknownTokenTimeout")), claims=claims)

    def _profile_token(self, profile: str, seconds: int) -> str:
        claims = (("profiles", "get,update", profile), ("info", "get", "*"))
        return self._world.tokens.issue(seconds or _INFINITE, claims=claims)

    def _machine_bag(self, machine: Row) -> Bag:
        data, path = machine.data, f"machines/{machine.key}"
        return Bag(
            **data,
            UUID=machine.key,
            Path=path,
            Url=f"{self._static_url()}/{path}",
            ShortName=data["Name"].partition(".")[0],
            HexAddress=hex_key(data["Address"]) if data["Address"] else "",
            MacAddr=lambda form="raw": _mac(data, form),
            HasProfile=lambda name: name in data["Profiles"],
        )

    def _env_bag(self, env: Obj, machine: Row) -> Bag:
        arch = machine.data["Arch"]
        isos = self._world.isos
        kernel, initrds = isos.boot_files(env, arch) or ("", [])
        below = isos.folder_of(env, arch).relative_to(self._world.root)

        def path_for(protocol: str, *names: str) -> str:
            place = "/".join([str(below), *names])
            return f"{self._static_url()}/{place}" if protocol == "http" else place

        os_parts = {
            "FamilyName": env["OS"]["Family"] or env["OS"]["Name"],
            "FamilyVersion": env["OS"]["Version"],
        }
        return Bag(
            **{**env, "OS": Bag(**env["OS"], **os_parts), "Kernel": kernel, "Initrds": initrds},
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
