# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The agent's configuration: options before the environment, that before the file, that before defaults."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ...client import settings
from ...client.errors import UsageError
from ..context import RunnerSettings
from ..served import MACHINES, check_kind
from ..states import Options
from .token_file import FileSession

DEFAULT_FILE = "/etc/drp-agent/agent.yml"
FILE_VARIABLE = "DRP_AGENT_CONFIG"
_PREFIX = "DRP_AGENT_"
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that can be configured; times are seconds, 0 is none."""

    endpoint: str = ""
    token: str = dataclasses.field(default="", repr=False)
    token_file: str = ""
    key: str = dataclasses.field(default="", repr=False)
    kind: str = MACHINES
    machine: str = ""
    validate_certs: bool = True
    ca_path: str = ""
    cert_fingerprint: str = ""
    context: str = ""
    state_dir: str = "/var/lib/drp-agent"
    runner_dir: str = ""
    make_runnable: bool = True
    power: bool = True
    exit_on_failure: bool = False
    exit_on_not_runnable: bool = False
    wait_timeout: float = 3600.0
    task_timeout: float = 0.0
    kill_grace: float = 10.0
    request_timeout: float = 60.0
    retry_pause: float = 5.0
    spool_limit: int = 1 << 30
    strict: bool = False
    echo: bool = False

    @property
    def agent_options(self) -> Options:
        return Options(
            exit_on_not_runnable=self.exit_on_not_runnable,
            exit_on_failure=self.exit_on_failure,
            make_runnable=self.make_runnable,
            wait_timeout=self.wait_timeout,
            retry_pause=self.retry_pause,
        )

    @property
    def runner_settings(self) -> RunnerSettings:
        return RunnerSettings(
            task_timeout=self.task_timeout,
            kill_grace=self.kill_grace,
            spool_limit=self.spool_limit,
            strict=self.strict,
            echo=self.echo,
            runner_dir=self.runner_dir,
        )

    def connection(self) -> dict[str, t.Any]:
        """Options for :func:`.client.settings.resolve`, apart from a token in a file."""
        return {
            "endpoint": self.endpoint or None,
            "token": self.token or None,
            "key": self.key or None,
            "validate_certs": self.validate_certs,
            "ca_path": self.ca_path or None,
            "cert_fingerprint": self.cert_fingerprint or None,
            "request_timeout": self.request_timeout,
            "token_cache": "",
        }

    def script_variables(self) -> dict[str, str]:
        """The variables by which the agent, as a command of a script, reaches the endpoint as we do."""
        values = {
            "VALIDATE_CERTS": "true" if self.validate_certs else "false",
            "CA_PATH": self.ca_path,
            "CERT_FINGERPRINT": self.cert_fingerprint,
            "CONFIG": os.devnull,
            "KIND": self.kind if self.kind != MACHINES else "",
        }
        return {_PREFIX + name: value for name, value in values.items() if value}


FIELDS = {field.name: field for field in dataclasses.fields(Config)}
DRPCLI_VARIABLES = {
    "endpoint": ("RS_ENDPOINT", "RS_ENDPOINTS"),
    "token": ("RS_TOKEN",),
    "key": ("RS_KEY",),
    "machine": ("RS_UUID",),
    "context": ("RS_CONTEXT",),
    "runner_dir": ("RS_RUNNER_DIR",),
}
"""Variables by the names that drpcli knows; each option has one of its own, ``DRP_AGENT_<OPTION>``, too."""
OFFICIAL_KEYS = {
    "Endpoints": "endpoint",
    "Token": "token",
    "MachineID": "machine",
    "Context": "context",
}
"""The spelling of the official agent's ``agent-cfg.yml``, which is read as well."""


def load(
    given: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None, file: str | None = None
) -> Config:
    """The configuration; ``given`` are options, of which None means not given.

    The default file may be missing, one that is named may not.  Raises UsageError naming what is wrong.
    """
    environ = os.environ if environ is None else environ
    named = file or environ.get(FILE_VARIABLE)
    options: dict[str, t.Any] = _from_file(named or DEFAULT_FILE, required=bool(named))
    options.update(_from_environment(environ))
    options.update({name: value for name, value in given.items() if value is not None})
    values = {name: _convert(name, value) for name, value in options.items()}
    for sources in (given, _from_environment(environ)):
        # credentials are taken from one source only
        if any(sources.get(name) for name in ("token", "token_file", "key")):
            values.update({name: str(sources.get(name) or "") for name in ("token", "token_file", "key")})
            break
    return Config(**values)


def _from_file(path: str, required: bool) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except OSError as error:
        if not required and isinstance(error, FileNotFoundError):
            return {}
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    from ...client.formats import decode_yaml  # with YAML: only who has a file needs it

    document = decode_yaml(text, source=path) or {}
    if not isinstance(document, dict):
        raise UsageError(f"{path} must be a map of options")
    options = {OFFICIAL_KEYS.get(str(name), str(name)): value for name, value in document.items()}
    if "Endpoints" in document:
        options["endpoint"] = str(document["Endpoints"]).replace(",", " ")
    if "SkipRunnable" in document:
        options["make_runnable"] = not options.pop("SkipRunnable")
    options.pop("AllowAutoUpdate", None)
    unknown = sorted(set(options) - set(FIELDS))
    if unknown:
        raise UsageError(f"{path}: unknown option {unknown[0]} (known: {', '.join(FIELDS)})")
    return options


def _from_environment(environ: t.Mapping[str, str]) -> dict[str, str]:
    options = {}
    for name in FIELDS:
        for variable in (_PREFIX + name.upper(), *DRPCLI_VARIABLES.get(name, ())):
            if environ.get(variable):
                options[name] = environ[variable]
                break
    return options


def _convert(name: str, value: t.Any) -> t.Any:
    kind: type = type(FIELDS[name].default)
    try:
        if kind is bool:
            return _parse_bool(value)
        fitted = kind("" if value is None else value)
    except (TypeError, ValueError):
        raise UsageError(f"{name}: {value!r} is not a {kind.__name__}") from None
    if name == "kind":
        return check_kind(fitted)
    if kind in (int, float) and fitted < 0:
        raise UsageError(f"{name}: must not be negative")
    return fitted


def _parse_bool(value: t.Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError(word)
    return word in _TRUE


def connection_settings(config: Config) -> settings.Settings:
    """Where and as whom to connect."""
    options = config.connection()
    if config.token_file:
        options["token"] = FileSession(config.token_file).token()
    return settings.resolve(options, {})
