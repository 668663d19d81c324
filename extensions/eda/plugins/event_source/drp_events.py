# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a Digital Rebar Provision server as events for rulebooks.

The engine loads this one file by its path, without the rest of the collection, so everything is in it:
settings, trust, one HTTP session, one websocket, the known state of the objects, and the main loop.
"""

from __future__ import annotations

import array
import asyncio
import base64
import collections
import contextlib
import datetime
import functools
import json
import logging
import math
import os
import random
import re
import ssl
import time
import typing as t
import urllib.parse
import urllib.request
import uuid

import aiohttp

DOCUMENTATION = r"""
---
short_description: Events of a Digital Rebar Provision server
description:
  - An ansible-rulebook event source that listens on the websocket of a Digital Rebar Provision (DRP) server.
  - It reconnects without limit. After a gap, it reads the current state of the objects and sends
    synthesized events for objects that were created, updated or deleted meanwhile.
  - C(event.machine) and C(event.meta.hosts) contain the name of the machine of an event.
  - Secrets are removed from the objects. Strings from the server are data. A space is inserted in C({{),
    C({%) and C({#), so that no playbook evaluates them as templates.
options:
  endpoint:
    description:
      - URL of the API of the DRP server, such as V(https://drp.example.com:8092).
      - Several URLs, separated by spaces, name the members of a cluster. The first that answers is used.
      - Without it the environment variable E(RS_ENDPOINT) is used, then E(RS_ENDPOINTS), then
        V(https://127.0.0.1:8092).
      - A URL may have a path, for a server that is reached through another one, such as a manager. The
        environment variable E(RS_URL_PROXY) appends a path to each URL.
    type: str
  username:
    description:
      - Name of the user to log in as. Requires O(password).
      - Credentials are taken from the first source that is set, in the order O(token), O(username) with
        O(password), O(key), and the environment variables E(RS_TOKEN), E(RS_KEY), and E(RS_USERNAME) with
        E(RS_PASSWORD). Sources are not combined.
    type: str
  password:
    description:
      - Password of O(username).
    type: str
  key:
    description:
      - User name and password in one string, V(user:password), split at the first colon.
    type: str
  token:
    description:
      - A token that the server has issued, to be used instead of a user name and a password. It is not
        renewed.
    type: str
  validate_certs:
    description:
      - Whether to verify the certificate of the server. The default is V(true).
      - A DRP server creates a self-signed certificate when it is installed. Set O(cert_fingerprint) or
        O(ca_path) rather than V(false), which allows a man in the middle to read the credentials.
      - Without it, and without O(ca_path) and O(cert_fingerprint), the environment variable
        E(RS_VALIDATE_CERTS) is used, then E(RS_SKIP_VERIFY), which means the opposite and causes a warning.
    type: bool
  ca_path:
    description:
      - File or folder with the CA certificates to trust, instead of those of the system.
      - Without it and O(cert_fingerprint) the environment variables E(RS_CA_PATH) and E(RS_CERT_FINGERPRINT)
        are used.
    type: path
  cert_fingerprint:
    description:
      - SHA-256 of the certificate of the server, 64 hexadecimal digits with or without colons.
      - Pins the certificate of a self-signed server. The chain and the host name are then not verified,
        unless O(ca_path) is set too. The fingerprint is verified even with O(validate_certs=false).
      - Without it and O(ca_path) the environment variables E(RS_CERT_FINGERPRINT) and E(RS_CA_PATH) are used.
    type: str
  client_cert:
    description:
      - PEM file with a client certificate, and its chain, for a server that accepts client certificates
        (v4.10.3 and newer) or for a proxy before it.
      - If no other credentials are set, the certificate is the login.
      - Without it and O(client_key) the environment variables E(RS_CLIENT_CERT) and E(RS_CLIENT_KEY) are
        used.
    type: path
  client_key:
    description:
      - PEM file with the private key of O(client_cert), without a passphrase.
      - Not needed if the file O(client_cert) contains the key too.
    type: path
  events:
    description:
      - The events to listen for, each as C(type.action.key). Each part is a literal string or V(*), which
        matches everything. Other wildcards are not supported.
      - The type is a kind of object such as V(machines), V(jobs) or V(profiles), or something like V(log).
        The action is V(create), V(update), V(save) (a write by the server itself), V(delete), or the name
        of a plugin's action. The key of a machine or a job is its UUID, that of most others their name.
    type: list
    elements: str
    default:
      - machines.create.*
      - machines.update.*
      - machines.save.*
      - machines.delete.*
      - jobs.create.*
      - jobs.update.*
      - jobs.save.*
      - jobs.delete.*
  resync_kinds:
    description:
      - The kinds of objects to read after a gap.
      - The default are the kinds in O(events), and the machines if it contains jobs, because a job has only
        the UUID of its machine. An empty list reads nothing.
    type: list
    elements: str
  resync_interval:
    description:
      - Seconds after which the state is read even if no gap was detected. A DRP server silently drops events
        for a slow reader, and some changes inside the server send no events.
      - V(0) disables this.
    type: float
    default: 3600
  queue_size:
    description:
      - How many events to queue while the rules are busy. Further events are dropped with a warning, and
        the state is read again when the queue is empty.
    type: int
    default: 1000
  reconnect_delay:
    description:
      - Seconds before the first attempt to reconnect. Each further delay is twice as long. Each delay is
        shortened by up to a half at random.
    type: float
    default: 1
  reconnect_delay_max:
    description:
      - The maximum delay, in seconds, between two attempts to reconnect.
    type: float
    default: 60
requirements:
  - aiohttp
"""

EXAMPLES = r"""
# endpoint and credentials from RS_ENDPOINT and RS_KEY
- digitalrebar.provision.drp_events:

# a self-signed server; only events of jobs, and actions of plugins on machines
- name: lab
  digitalrebar.provision.drp_events:
    endpoint: https://drp.lab.example.com:8092
    username: eda
    password: "{{ lab_password }}"
    cert_fingerprint: 1f0a9e55c31d727b6a074a378f1120de59049c3a256cbb0e9166d84f037ae2b5
    events:
      - jobs.*.*
      - machines.poweron.*
      - machines.poweroff.*
"""

logger = logging.getLogger("digitalrebar.provision.drp_events")

JsonObject = dict[str, t.Any]
Headers = dict[str, str]

API = "/api/v3"
CHANGE_ACTIONS = ("create", "update", "save", "delete")
DEFAULT_EVENTS = [f"{kind}.{action}.*" for kind in ("machines", "jobs") for action in CHANGE_ACTIONS]
UUID_NAMESPACE = uuid.uuid5(
    uuid.NAMESPACE_URL, "https://github.com/digitalrebar/ansible-collection-provision"
)

MAX_FRAME_BYTES = 512
MAX_EVENT_BYTES = 64 << 20
PING_INTERVAL = 20.0
"""Seconds between our pings; a peer that is silent for half as long after one is dead."""
TIMEOUT = 30.0
"""Seconds for a connection, for acknowledgements, and between two pieces of an answer."""
REPEAT_AFTER = 2.0
"""Seconds after which a registration without an acknowledgement is sent again."""
MAX_ANSWER_BYTES, MAX_ERROR_BYTES = 256 << 20, 1 << 20
SLOWEST = 1024
"""Bytes per second: an answer that is slower in the mean counts as none."""
TOKEN_LIFETIME = 600
FIRST_PAGE_SIZE, PAGE_BYTES, PAGE_OVERLAP = 500, 8 << 20, 20

SECRET_MEMBERS = {"Secret", "PasswordHash", "Token"}
KINDS_WITH_PUBLIC_TOKEN = {"leases", "reservations"}
SECRET_NAMES = re.compile(
    r"password|passwd|passphrase|secret|token|credential|api[-_]key|private[-_]key|key[-_]private"
    r"|^rackn/license",
    re.IGNORECASE,
)
"""What names of params, and of members in them, hold when the values are secrets: as the inventory's do."""
SECRET_PREFERENCES = {"baseTokenSecret", "systemGrantorSecret"}
SEALED_MEMBERS = {"Key", "Nonce", "Payload"}
TEMPLATE_START = re.compile(r"\{(?=[{%#])")
KEY_MEMBERS = ("Uuid", "Id", "ID", "Addr", "Name")
MAX_DEPTH = 100
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
GROUP_PREFIXES = "profile|stage|workflow|bootenv|os|arch|pool|runnable|available|tenant|by"
"""With which the names of the inventory's groups begin: a limit to one would be many machines."""
HOST_NAME_PATTERN = re.compile(
    rf"(?!(?:all|ungrouped|localhost|127\..*|(?:{GROUP_PREFIXES})_.*)\Z)\w[\w.-]*", re.ASCII
)
UNKNOWN_HOST = "unknown-machine"
COMMON_WORDS = frozenset(
    {"true", "false", "null", "none", "admin", "root", "user", "users", "name"}
    | {"password", "passwd", "secret", "token", "test", "default", "local", "value", "error"}
    | {"string", "number", "object", "array", "machine", "machines", "param", "params", "profile"}
    | {"profiles", "rocketskates", "wrong", "unknown", "login", "refused", "changed", "server", "endpoint"}
    | {"certificate"}
)
"""Passwords that are not masked: it would hide what a message says.  The same as of the modules."""
HOST_IN_URL = re.compile(r"[\w.-]+|[0-9a-f:.]+(?:%[\w.-]+)?")
CREDENTIALS_IN_URL = re.compile(r"(?s)(?<=://).*@|^(?!\w+://).*@")


class ArgumentError(ValueError):
    """An argument of the source is wrong; the text names it."""


class AccessRefused(Exception):
    """The server refuses the credentials, or is not the one that the settings trust."""


class ConnectionLost(Exception):
    """There is no connection, or it was lost; a retry may help."""


# ---- settings ----------------------------------------------------------------------------------------


class Pattern(t.NamedTuple):
    """Which events to receive, as the server understands it: each part is a literal, or ``*`` for all."""

    type: str
    action: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """The pattern that ``text`` is; ArgumentError for one that is dangerous, or never matches."""
        parts = text.strip().split(".", 2)
        if len(parts) < 3 or not all(parts):
            # a v3.12 server acknowledges such a pattern, and crashes at the next event
            raise ArgumentError(f"events: {text!r} must have three parts, type.action.key, such as jobs.*.*")
        if any("*" in part and part != "*" for part in parts):
            raise ArgumentError(
                f"events: {text!r}: * must stand for a whole part; other wildcards are not supported"
            )
        if any("," in part for part in parts[:2]):
            raise ArgumentError(f"events: {text!r}: write one pattern for each type and each action")
        if len(f"register {text.strip()}".encode()) > MAX_FRAME_BYTES:
            raise ArgumentError(f"events: {text[:40]!r}... is too long for the server")
        return cls(*parts)

    def __str__(self) -> str:
        return ".".join(self)

    def matches(self, *event: str) -> bool:
        return all(mine in ("*", theirs) for mine, theirs in zip(self, event))


class Arguments:
    """The arguments from the rulebook. None and empty strings, which templates produce, count as not set."""

    def __init__(self, given: t.Mapping[str, t.Any]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None and value != ""}
        self._known_names: set[str] = set()

    def get(self, name: str, default: t.Any) -> t.Any:
        self._known_names.add(name)
        return self._given.get(name, default)

    def text(self, name: str) -> str:
        value = self.get(name, "")
        if not isinstance(value, str):
            raise ArgumentError(f"{name}: must be a string; put it in quotes")
        return value

    def texts(self, name: str, default: list[str] | None) -> list[str] | None:
        value = self.get(name, default)
        value = [value] if isinstance(value, str) else value
        if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise ArgumentError(f"{name}: must be a list of strings")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = str(self.get(name, default)).lower()
        if value not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
            raise ArgumentError(f"{name}: must be true or false")
        return value in ("true", "yes", "on", "1")

    def number(self, name: str, default: float, least: float) -> float:
        value = self.get(name, default)
        try:
            number = float("nan" if isinstance(value, bool) else value)
        except (TypeError, ValueError):
            number = float("nan")
        if not least <= number < float("inf"):
            raise ArgumentError(f"{name}: must be a number, at least {least:g}")
        return number

    def refuse_unknown(self) -> None:
        """Raise ArgumentError for an unknown argument."""
        for name in sorted(map(str, self._given.keys() - self._known_names)):
            raise ArgumentError(
                f"{name}: unknown option. Known options: {', '.join(sorted(self._known_names))}"
            )


class Settings:
    """The arguments, checked, with what the environment adds to them.

    Raises ArgumentError, which names the argument or the variable that is wrong.
    """

    def __init__(self, given: t.Mapping[str, t.Any], environ: t.Mapping[str, str] = os.environ) -> None:
        arguments = Arguments(given)
        self.endpoints = read_endpoints(arguments, environ)
        certified = bool(arguments.text("client_cert") or environ.get("RS_CLIENT_CERT"))
        self.username, self.password, self.token = read_credentials(arguments, environ, alone=certified)
        self.context, self.fingerprint = read_trust(arguments, environ)
        self.patterns = [Pattern.parse(text) for text in arguments.texts("events", DEFAULT_EVENTS) or [""]]
        self.resync_kinds = arguments.texts("resync_kinds", None)
        self.resync_interval = arguments.number("resync_interval", 3600, 0)
        self.queue_size = int(arguments.number("queue_size", 1000, 1))
        self.reconnect_delay = arguments.number("reconnect_delay", 1, 0.01)
        longest = max(60, self.reconnect_delay)
        self.reconnect_delay_max = arguments.number("reconnect_delay_max", longest, self.reconnect_delay)
        arguments.refuse_unknown()

    @property
    def registrations(self) -> list[Pattern]:
        """What to register: the patterns, and what keeps the names of machines fresh if jobs are wanted."""
        names = [Pattern("machines", action, "*") for action in CHANGE_ACTIONS]
        wants_jobs = any(pattern.type in ("jobs", "*") for pattern in self.patterns)
        return list(dict.fromkeys([*self.patterns, *(names if wants_jobs else [])]))

    def wants(self, *event: str) -> bool:
        return any(pattern.matches(*event) for pattern in self.patterns)


def read_endpoints(arguments: Arguments, environ: t.Mapping[str, str]) -> list[str]:
    """``https://host:port[/prefix]`` without trailing slashes, from the first place that names any."""
    places = (arguments.text("endpoint"), environ.get("RS_ENDPOINT", ""), environ.get("RS_ENDPOINTS", ""))
    urls = next((place.split() for place in places if place.strip()), ["https://127.0.0.1:8092"])
    below = environ.get("RS_URL_PROXY", "").strip().strip("/")
    if below and not all(re.fullmatch(r"(?!\.+\Z)[\w.~:-]+", part, re.ASCII) for part in below.split("/")):
        raise ArgumentError("RS_URL_PROXY: must be the name of an endpoint of the manager, or a path of them")
    return [f"{normal_endpoint(url)}/{below}".rstrip("/") for url in urls]


def normal_endpoint(url: str) -> str:
    """Without the path of the API at its end; ArgumentError shows no password of a wrong one."""
    try:
        parts = urllib.parse.urlsplit(url.rstrip("?"))
        usable = parts.scheme in ("https", "http") and bool(
            HOST_IN_URL.fullmatch((parts.hostname or "").lower())
        )
        usable = usable and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        usable = False
    shown = CREDENTIALS_IN_URL.sub("********@", url)
    if not usable:
        raise ArgumentError(f"endpoint: {shown!r} is not a URL such as https://drp.example.com:8092")
    if parts.username or parts.password:
        raise ArgumentError("endpoint: a user name or password does not belong in the URL")
    path = parts.path.rstrip("/")
    if path.lower().endswith(API):
        path = path[: -len(API)].rstrip("/")
    base = f"{parts.scheme}://{parts.netloc}"
    below = re.search(f"{API}(?:/|$)", path, re.IGNORECASE)
    if below:
        raise ArgumentError(
            f"endpoint: {shown!r} is a URL of something on the server; use {base}{path[: below.start()]}"
        )
    return base + path


def read_credentials(
    arguments: Arguments, environ: t.Mapping[str, str], alone: bool = False
) -> tuple[str, str, str]:
    """User name, password and token, all from the first source; none with a certificate that stands alone."""
    username, password = arguments.text("username"), arguments.text("password")
    key, token = arguments.text("key"), arguments.text("token")
    if not (token or username or password or key):
        token = environ.get("RS_TOKEN", "")
        key = "" if token else environ.get("RS_KEY", "")
        if not (token or key):
            username, password = environ.get("RS_USERNAME", ""), environ.get("RS_PASSWORD", "")
        if not (token or key or username or password):
            if alone:
                return "", "", ""
            raise ArgumentError(
                "no credentials: set token, or username and password, or key (user:password), "
                "or the environment variable RS_TOKEN or RS_KEY"
            )
    if token:
        token = token.strip()
        if not all("!" <= character <= "~" for character in token):
            raise ArgumentError(
                "token (or RS_TOKEN): is not a token: it contains a character that no HTTP header can hold"
            )
        return "", "", token
    if not (username or password):
        username, _colon, password = key.partition(":")
        if not (username and password):
            raise ArgumentError("key (or RS_KEY): must be user:password, with neither part empty")
    if not (username and password) or ":" in username:
        raise ArgumentError("username, password: set both or neither; the user name must not contain a colon")
    return username, password, ""


def read_trust(
    arguments: Arguments, environ: t.Mapping[str, str]
) -> tuple[ssl.SSLContext, aiohttp.Fingerprint | None]:
    """The TLS settings: the same options, in the same order, as everywhere in this collection."""
    context, fingerprint = read_server_trust(arguments, environ)
    source, certificate, key = arguments, "client_cert", "client_key"
    if not (source.text(certificate) or source.text(key)):
        source, certificate, key = Arguments(environ), "RS_CLIENT_CERT", "RS_CLIENT_KEY"
    paths = [os.path.expanduser(source.text(name)) for name in (certificate, key)]
    if paths[1] and not paths[0]:
        raise ArgumentError(f"{key}: requires {certificate}")
    if paths[0]:
        try:
            context.load_cert_chain(paths[0], paths[1] or None, password=refuse_passphrase)
        except (OSError, ValueError) as error:
            raise ArgumentError(
                f"{certificate}, {key}: must be a certificate and its private key, in PEM form and without a "
                f"passphrase ({error})"
            ) from None
    return context, fingerprint


def refuse_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def read_server_trust(
    arguments: Arguments, environ: t.Mapping[str, str]
) -> tuple[ssl.SSLContext, aiohttp.Fingerprint | None]:
    """Whom to trust, without a client certificate."""
    source, ca_path, pin = arguments, "ca_path", "cert_fingerprint"
    if not (source.text(ca_path) or source.text(pin)):  # all from one source, like the credentials
        source, ca_path, pin = Arguments(environ), "RS_CA_PATH", "RS_CERT_FINGERPRINT"
    digits = re.sub(r"(?i)^\s*sha-?256(?:[ _]fingerprint)?\s*[:=]|[:\s]", "", source.text(pin))
    if digits and not re.fullmatch("[0-9a-fA-F]{64}", digits):
        raise ArgumentError(f"{pin}: must be the SHA-256 of the certificate, 64 hexadecimal digits")
    fingerprint = aiohttp.Fingerprint(bytes.fromhex(digits)) if digits else None
    skips = source is not arguments and source.flag("RS_SKIP_VERIFY", False)
    verify_by_default = source is arguments or source.flag("RS_VALIDATE_CERTS", not skips)
    if not verify_by_default and skips and not fingerprint:
        logger.warning("RS_SKIP_VERIFY is set: the certificate of the server is not verified")
    verify, path = (
        arguments.flag("validate_certs", verify_by_default),
        os.path.expanduser(source.text(ca_path)),
    )
    context = ssl.create_default_context()
    if not verify or (fingerprint and not path):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context, fingerprint
    # a bundle of the environment counts only where nothing was chosen
    bundles = {name: environ.get(name, "") for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    for name, place in {ca_path: path, **bundles}.items():
        if place:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                context.load_verify_locations(**{"capath" if os.path.isdir(place) else "cafile": place})
            except OSError as error:
                raise ArgumentError(f"{name}: {place} cannot be used: {error.strerror or error}") from None
            break
    return context, fingerprint


def proxy_for(endpoint: str) -> str | None:
    """The proxy that the environment names for this URL.

    aiohttp could find it, but would then also let a netrc file replace our Authorization header.
    """
    parts = urllib.parse.urlsplit(endpoint)
    proxy = urllib.request.getproxies_environment().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass_environment(parts.netloc):  # type: ignore[attr-defined]
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


async def refuse_redirect(
    _session: t.Any, _context: t.Any, params: aiohttp.TraceRequestRedirectParams
) -> None:
    """aiohttp would follow that of a websocket, with the token."""
    raise redirected(str(params.url.origin()), params.response)


def redirected(endpoint: str, answer: aiohttp.ClientResponse) -> ConnectionLost:
    target = answer.headers.get("Location", "nowhere").partition("?")[0]
    shown = presentable(target, ())[:300]
    return ConnectionLost(
        f"{endpoint} answered {answer.status}, a redirect to {shown}; it is not followed. endpoint must be "
        "the address of the server itself"
    )


def presentable(text: str, secrets: t.Collection[str]) -> str:
    """``text`` without secrets in whatever form, credentials in URLs, and escape sequences."""
    telling = (secret for secret in secrets if len(secret) > 3 and secret.lower() not in COMMON_WORDS)
    forms = {form for secret in telling for form in forms_of(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "********")
    text = re.sub(r"(?<=://)[^/?#\s\"'<>]*(?=@)", "********", text)
    return re.sub(
        "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", lambda match: ascii(match.group())[1:-1], text
    )


def forms_of(secret: str) -> t.Iterator[str]:
    """A secret as it is, and as programs quote and encode it."""
    data = secret.encode("utf-8", "surrogateescape")
    yield from (secret, repr(secret)[1:-1], repr(data)[2:-1], json.dumps(secret)[1:-1])
    for quoted_form in (
        urllib.parse.quote(data, safe=""),
        urllib.parse.quote(data),
        urllib.parse.quote_plus(data),
    ):
        yield quoted_form
        yield re.sub("%..", lambda match: match.group().lower(), quoted_form)
    for offset in range(3):  # wherever in a longer text it begins
        padded = bytes(offset) + data
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            core = encode(padded).decode()[-(-offset * 8 // 6) : len(padded) * 8 // 6]
            if len(core) > 7:
                yield core


# ---- events and objects ------------------------------------------------------------------------------


class Event(t.NamedTuple):
    """What happened to one object.  ``item`` is the object after it, or before its deletion."""

    type: str
    action: str
    key: str
    item: t.Any
    time: str = ""
    principal: str = ""
    original: t.Any = None
    synthesized: bool = False

    @classmethod
    def from_frame(cls, text: str) -> Event:
        """The event in a frame of the server; ValueError for anything else."""
        document = parse_json(text)
        if not isinstance(document, dict) or not document.get("Type"):
            raise ValueError("not an event")
        texts = [document.get(name) or "" for name in ("Type", "Action", "Key", "Time", "Principal")]
        if not all(isinstance(one, str) for one in texts):
            raise ValueError("not an event")
        kind, action, key, when, who = texts
        check_object(document.get("Object"))
        return cls(kind, action, key, document.get("Object"), when, who, document.get("Original"))

    @property
    def object_id(self) -> tuple[str, str]:
        return self.type, self.key

    @property
    def carries_state(self) -> bool:
        return self.action in CHANGE_ACTIONS and isinstance(self.item, dict)

    def uuid(self, endpoints: list[str]) -> str:
        """The same for every listener to these endpoints; docs/eda.md says what that is good for."""
        parts = [endpoints, self.type, self.action, self.key, self.time, comparable(self.item)]
        return str(uuid.uuid5(UUID_NAMESPACE, json.dumps(parts, sort_keys=True)))

    def redacted(self, value: t.Any) -> t.Any:
        """The object, or the original, without passwords, tokens and encrypted params."""
        hidden = SECRET_MEMBERS - ({"Token"} if self.type in KINDS_WITH_PUBLIC_TOKEN else set())
        if self.type == "preferences" and self.key in SECRET_PREFERENCES:
            hidden = hidden | {"Val"}
        shown = without_members(value, lambda name, inner: name in hidden or is_sealed(inner))
        return without_secret_params(shown)


class Snapshot:
    """What is kept of an object: a number for each of its members, about 500 bytes for a machine."""

    __slots__ = ("hashes", "names")

    def __init__(self, item: JsonObject) -> None:
        members = comparable(item)
        self.names = interned(tuple(sorted(members)))
        texts = (json.dumps(members[name], sort_keys=True) for name in self.names)
        self.hashes = array.array("q", map(hash, texts))

    def changed_members(self, before: Snapshot | None) -> list[str]:
        """The names of the members that differ; all of them if there was nothing."""
        now = dict(zip(self.names, self.hashes))
        then = dict(zip(before.names, before.hashes)) if before else {}
        return sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))


@functools.lru_cache(maxsize=1000)
def interned(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names as one object in memory, for all objects of a kind."""
    return names


def comparable(item: t.Any) -> t.Any:
    """The object without secrets and empty members, in which events and lists may differ."""
    return without_members(
        item, lambda name, inner: name in SECRET_MEMBERS or (bool(name) and inner in (None, [], {}))
    )


def without_members(value: t.Any, leave_out: t.Callable[[str, t.Any], bool]) -> t.Any:
    """The value without the members for which the test holds; the items of a list have no name."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if not leave_out(name, inner)}
        return {name: without_members(inner, leave_out) for name, inner in kept.items()}
    if isinstance(value, list):
        return [without_members(inner, leave_out) for inner in value if not leave_out("", inner)]
    return value


def without_secret_params(value: t.Any) -> t.Any:
    """The value without params with telling names, and without such members inside of params."""
    if isinstance(value, dict):
        return {
            name: without_members(inner, lambda name, _inner: bool(SECRET_NAMES.search(name)))
            if name == "Params" and isinstance(inner, dict)
            else without_secret_params(inner)
            for name, inner in value.items()
        }
    return [without_secret_params(inner) for inner in value] if isinstance(value, list) else value


def parse_json(text: str | bytes) -> t.Any:
    """The document; ValueError for what no server of this API sends, so that nothing behind has to ask."""
    try:
        document = json.loads(text, parse_constant=finite, parse_float=finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [document]
    for _depth in range(MAX_DEPTH):
        level = [inner for one in level for inner in inner_values(one)]
        if not level:
            break
    else:
        raise ValueError("it is nested too deeply")
    if SURROGATE.search(text if isinstance(text, str) else text.decode()):
        json.dumps(document, ensure_ascii=False).encode()
    return document


def inner_values(value: t.Any) -> t.Iterable[t.Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no number")
    return value


def check_object(item: t.Any) -> None:
    """ValueError for an object whose members that we use are no texts."""
    if isinstance(item, dict) and not all(
        isinstance(item.get(name, ""), str) for name in (*KEY_MEMBERS, "Machine")
    ):
        raise ValueError("not an object of the DRP API")


def is_sealed(value: t.Any) -> bool:
    return isinstance(value, dict) and value.keys() == SEALED_MEMBERS


def escape_templates(document: JsonObject) -> JsonObject:
    """The same, with a space in what would open a Jinja template.

    A playbook evaluates templates in its extra variables, among which are the events: anyone who can write
    a string on the server, as each machine can on its own object, could run code where the rulebook runs.
    """
    harmless: JsonObject = json.loads(TEMPLATE_START.sub("{ ", json.dumps(document)))
    return harmless


def key_of(item: JsonObject) -> str:
    return next((str(item[name]) for name in KEY_MEMBERS if item.get(name)), "")


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


# ---- the server --------------------------------------------------------------------------------------


class Api:
    """One endpoint: logs in once, uses tokens, reads objects and opens the websocket.

    Everything raises AccessRefused or ConnectionLost.
    """

    def __init__(self, endpoint: str, settings: Settings, http: aiohttp.ClientSession) -> None:
        self.endpoint = endpoint
        self._settings = settings
        self._http = http
        self._request_options: dict[str, t.Any] = {"ssl": settings.context, "proxy": proxy_for(endpoint)}
        self._token = settings.token
        self._renew_at = float("inf")

    async def websocket(self) -> aiohttp.ClientWebSocketResponse:
        async def connect(headers: Headers) -> t.Any:
            try:
                return await self._http.ws_connect(
                    f"{self.endpoint}{API}/ws",
                    headers=headers,
                    heartbeat=PING_INTERVAL,
                    max_msg_size=MAX_EVENT_BYTES,
                    **self._request_options,
                )
            except aiohttp.WSServerHandshakeError as error:
                self._check_status("GET", "ws", error.status)
                raise ConnectionLost(f"{self.endpoint} does not accept websocket connections") from None

        socket: aiohttp.ClientWebSocketResponse = await self._send_authorized(connect)
        return socket

    async def get(self, path: str, **query: int) -> bytes | None:
        """The body of the answer; None if there is no such object."""
        status, body = await self._send_authorized(lambda headers: self._send("GET", path, headers, query))
        return None if status == 404 else body

    async def exists(self, kind: str, key: str) -> bool:
        """Whether there is such an object; true even if it is hidden from us, and missing in lists."""
        path = f"{kind}/{quoted(key)}"
        status, _body = await self._send_authorized(lambda headers: self._send("HEAD", path, headers, {}))
        return bool(status != 404)

    async def items(self, kind: str) -> t.AsyncIterator[JsonObject]:
        """All objects of a kind; some come twice.

        The pages take a size that bounds our memory.  They overlap, so that no object is missed when
        another one is deleted meanwhile.
        """
        offset, limit = 0, FIRST_PAGE_SIZE
        seen: set[str] = set()
        while True:
            body = await self.get(kind, limit=limit, offset=offset)
            if body is None:
                server = f"{self.endpoint} (version {await self._version()})"
                raise AccessRefused(f"resync_kinds: {server} does not serve {kind}")
            page = self._parse_document(body, list)
            if not all(isinstance(item, dict) for item in page):
                raise ConnectionLost(f"{self.endpoint} answered with {kind} that are no objects")
            keys = set(map(key_of, page))
            if page and offset and len(page) > PAGE_OVERLAP and keys <= seen:
                raise ConnectionLost(f"{self.endpoint} sends the same {kind} again and again")
            seen |= keys
            for number, item in enumerate(page):
                if number % 100 == 0:
                    await asyncio.sleep(0)  # the websocket wants to be read too
                yield item
            if len(page) < limit:
                return
            offset += limit - PAGE_OVERLAP
            limit = max(limit * PAGE_BYTES // len(body), 5 * PAGE_OVERLAP)

    async def kinds(self) -> list[str]:
        """The kinds of objects that can be listed."""
        return sorted(self._parse_document(await self.get("indexes"), dict))

    async def _version(self) -> str:
        body = await self.get("info")
        return str(self._parse_document(body, dict).get("version") or "unknown") if body else "unknown"

    async def machine_name(self, machine: str) -> str:
        """The name of a machine; "" for one that is gone, or hidden from us."""
        body = await self.get(f"machines/{quoted(machine)}")
        return str(self._parse_document(body, dict).get("Name") or "") if body else ""

    async def _send_authorized(self, send: t.Callable[[Headers], t.Awaitable[t.Any]]) -> t.Any:
        """What ``send`` returns; with a new token if the server refuses the one that we have."""
        try:
            return await self._send_translating_errors(send)
        except AccessRefused:
            if self._settings.token or not self._settings.username:
                raise
        self._token = ""
        return await self._send_translating_errors(send)

    async def _send_translating_errors(self, send: t.Callable[[Headers], t.Awaitable[t.Any]]) -> t.Any:
        """What ``send`` returns, or what went wrong in words that name the option and show no secret."""
        try:
            return await self._send_with_token(send)
        except (AccessRefused, ConnectionLost) as problem:
            raise type(problem)(self._presentable(str(problem))) from None
        except aiohttp.ServerFingerprintMismatch as error:
            shown = f"{self.endpoint} presents a certificate with the SHA-256 {error.got.hex()}"
            raise AccessRefused(f"cert_fingerprint: {shown}") from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
            advice = "Set ca_path to its CA, or pin it with cert_fingerprint"
            raise AccessRefused(
                f"the certificate of {self.endpoint} is not trusted: {why}. {advice}"
            ) from None
        except asyncio.TimeoutError:
            raise ConnectionLost(f"{self.endpoint} does not answer") from None
        except (aiohttp.ClientError, OSError) as error:
            why = self._presentable(getattr(error, "strerror", "") or str(error))
            raise ConnectionLost(f"cannot reach {self.endpoint}: {why}") from None

    def _presentable(self, text: str) -> str:
        """What a server or a proxy had to say, without the credentials that it was sent."""
        return presentable(text, {self._settings.password, self._settings.token, self._token})

    async def _send_with_token(self, send: t.Callable[[Headers], t.Awaitable[t.Any]]) -> t.Any:
        if not (self._settings.token or self._settings.username):
            return await send({})  # the client certificate is the login
        if self._token and time.monotonic() >= self._renew_at:
            try:
                await self._fetch_token(f"Bearer {self._token}")
            except AccessRefused:
                self._token = ""
        if not self._token:
            pair = f"{self._settings.username}:{self._settings.password}".encode()
            await self._fetch_token(f"Basic {base64.b64encode(pair).decode()}")
        return await send({"Authorization": f"Bearer {self._token}"})

    async def _fetch_token(self, authorization: str) -> None:
        asked = time.monotonic()
        path, query = f"users/{quoted(self._settings.username)}/token", {"ttl": TOKEN_LIFETIME}
        _status, body = await self._send("GET", path, {"Authorization": authorization}, query)
        try:
            token = parse_json(body)["Token"]
            if not isinstance(token, str) or not token.isascii() or not token.isprintable():
                raise ValueError("no token")
            self._token = token
        except (ValueError, KeyError, TypeError):
            raise AccessRefused(f"endpoint: {self.endpoint} is not the API port of a DRP server") from None
        self._renew_at = asked + TOKEN_LIFETIME / 2

    async def _send(
        self, method: str, path: str, headers: Headers, query: dict[str, int]
    ) -> tuple[int, bytes]:
        async with self._http.request(
            method,
            f"{self.endpoint}{API}/{path}",
            params=query,
            headers={"Accept": "application/json", **headers},
            allow_redirects=False,
            **self._request_options,
        ) as answer:
            body = await self._read_body(answer)
        if 300 <= answer.status < 400:
            raise redirected(self.endpoint, answer)
        self._check_status(method, path, answer.status, body)
        return answer.status, body

    async def _read_body(self, answer: aiohttp.ClientResponse) -> bytes:
        """The body; ConnectionLost when it is larger than any list, or drips."""
        limit = MAX_ERROR_BYTES if answer.status >= 300 else MAX_ANSWER_BYTES
        began, body = time.monotonic(), bytearray()
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > limit:
                if answer.status >= 300:
                    break
                raise ConnectionLost(f"{self.endpoint} answered with more than {limit} bytes")
            if time.monotonic() - began > TIMEOUT + len(body) / SLOWEST:
                raise ConnectionLost(f"{self.endpoint} answers too slowly")
        return bytes(body[:limit])

    def _check_status(self, method: str, path: str, status: int, body: bytes = b"") -> None:
        """AccessRefused or ConnectionLost for a status that is neither success nor 404."""
        if status in (401, 403):
            raise AccessRefused(self._refusal_message(body))
        if status >= 300 and status != 404:
            raise ConnectionLost(f"{self.endpoint} answered {status} to {method} {path}")

    def _refusal_message(self, body: bytes) -> str:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return f"{self.endpoint} refuses: {'; '.join(parse_json(body)['Messages'])}"
        if self._settings.token:
            return f"token: {self.endpoint} does not accept it; it is expired, or another server issued it"
        user = self._settings.username
        if self._token:
            return (
                f"{self.endpoint} accepts the login of {user!r}, but not the token that it has issued for it"
            )
        return f"{self.endpoint} refused the login of {user!r}: unknown user or wrong password"

    def _parse_document(self, body: bytes | None, kind: type) -> t.Any:
        with contextlib.suppress(ValueError):
            document = parse_json(body or b"")
            for item in document if isinstance(document, list) else [document]:
                check_object(item)
            if isinstance(document, kind):
                return document
        raise ConnectionLost(f"{self.endpoint} sent an answer that is not of the DRP API")


async def finished_within(seconds: float, work: t.Coroutine[t.Any, t.Any, t.Any]) -> bool:
    """Whether the work was done in time; it is given up otherwise.

    asyncio.wait_for would sometimes swallow our own cancellation, before Python 3.12.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _pending = await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    return bool(done)


class Stream:
    """An open websocket, read all the time: pings are answered and the server's short queue stays empty."""

    def __init__(self, endpoint: str, socket: aiohttp.ClientWebSocketResponse, capacity: int) -> None:
        self._endpoint = endpoint
        self._socket = socket
        self._capacity = capacity
        self._events: collections.deque[Event] = collections.deque()
        self._dropped_count = 0
        self._wakeup = asyncio.Event()
        self._unacknowledged: set[str] = set()
        self._acknowledged = asyncio.Event()
        self._read_task = asyncio.ensure_future(self._read_frames())

    async def close(self) -> None:
        self._read_task.cancel()
        await finished_within(2, self._socket.close())

    async def register(self, patterns: list[Pattern]) -> None:
        """Register patterns, again if need be; ConnectionLost without the server's acknowledgements.

        They come in order: what was published before the server answered is in the queue afterwards.
        """
        texts = list(map(str, patterns))
        self._unacknowledged = set(texts)
        self._acknowledged.clear()
        await self._send_registrations(texts)
        await self._acknowledgements()
        self._check_alive()

    async def _acknowledgements(self) -> None:
        """Wait for them; what is not acknowledged soon is sent again, which the server does not mind."""
        left, pause = TIMEOUT, REPEAT_AFTER
        while not await finished_within(min(pause, left), self._acknowledged.wait()):
            left -= min(pause, left)
            pause *= 2
            if left <= 0:
                raise ConnectionLost(f"{self._endpoint} did not acknowledge the event subscriptions")
            await self._send_registrations(sorted(self._unacknowledged))

    async def _send_registrations(self, texts: list[str]) -> None:
        try:
            for text in texts:
                await self._socket.send_str(f"register {text}")
        except (aiohttp.ClientError, OSError):
            raise ConnectionLost(f"the websocket connection to {self._endpoint} was interrupted") from None

    async def next(self, timeout: float) -> Event | None:
        """The next event; None when some are missing here, or after ``timeout`` seconds.

        Raises ConnectionLost when all events have been taken and the websocket has ended.
        """
        while not self._events:
            if self._dropped_count:
                logger.warning(
                    "%d events were dropped; reading the current state instead", self._dropped_count
                )
                self._dropped_count = 0
                return None
            self._check_alive()
            self._wakeup.clear()
            if not await finished_within(timeout, self._wakeup.wait()):
                return None
        return self._events.popleft()

    def pending_objects(self) -> set[tuple[str, str]]:
        """The objects that have an event in the queue."""
        return {event.object_id for event in self._events if event.carries_state}

    def _check_alive(self) -> None:
        if self._read_task.done():
            if isinstance(self._socket.exception(), asyncio.TimeoutError):
                raise ConnectionLost(f"{self._endpoint} does not answer pings")
            raise ConnectionLost(
                f"the websocket connection to {self._endpoint} was closed with code {self._socket.close_code}"
            )

    async def _read_frames(self) -> None:
        try:
            async for message in self._socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                self._on_message(message.data)
        finally:
            self._acknowledged.set()
            self._wakeup.set()

    def _on_message(self, text: str) -> None:
        try:
            event = Event.from_frame(text)
        except ValueError:
            logger.warning("%s sent something that is not an event", self._endpoint)
            self._dropped_count += 1
        else:
            if event.type == "websocket":
                self._on_acknowledgement(event.key)
            else:
                self._enqueue(event)
        self._wakeup.set()

    def _on_acknowledgement(self, text: str) -> None:
        self._unacknowledged.discard(text)
        if not self._unacknowledged:
            self._acknowledged.set()

    def _enqueue(self, event: Event) -> None:
        """Queue the event; after a dropped one none is kept until the state has been read."""
        if not self._dropped_count and len(self._events) < self._capacity:
            self._events.append(event)
            return
        if not self._dropped_count:
            logger.warning("the rules are too slow and the event queue is full; dropping events")
        self._dropped_count += 1


# ---- the loop ----------------------------------------------------------------------------------------


class Source:
    """Connects, compares the state with the known one, passes events on, and reconnects without limit."""

    def __init__(self, settings: Settings, queue: asyncio.Queue[t.Any]) -> None:
        self._settings = settings
        self._queue = queue
        self._snapshots: dict[str, dict[str, Snapshot]] = {}
        self._machine_names: dict[str, str] = {}
        self._synthesized: set[tuple[str, str]] = set()
        self._started = False

    async def run(self) -> t.NoReturn:
        """Raises AccessRefused if the server refuses before the first state was read; else never ends."""
        shortest, longest = self._settings.reconnect_delay, self._settings.reconnect_delay_max
        # aiohttp checks the fingerprint of its connector in addition to the context of each request
        connector = aiohttp.TCPConnector(ssl=self._settings.fingerprint or self._settings.context)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT, sock_read=TIMEOUT)
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(refuse_redirect)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trace_configs=[trace]) as http:
            apis = [Api(endpoint, self._settings, http) for endpoint in self._settings.endpoints]
            delay = shortest
            while True:
                began = time.monotonic()
                problem = await self._serve(apis)
                if time.monotonic() - began > longest:
                    delay = shortest
                pause = random.uniform(delay / 2, delay)
                logger.warning("%s; retrying in %.1f s", problem, pause)
                await asyncio.sleep(pause)
                delay = min(2 * delay, longest)

    async def _serve(self, apis: list[Api]) -> Exception:
        """Listen to the first endpoint that answers, as long as it does; why that ended."""
        try:
            api, socket = await self._connect(apis)
            stream = Stream(api.endpoint, socket, self._settings.queue_size)
            try:
                await stream.register(self._settings.registrations)
                await self._listen(api, stream)
            finally:
                await stream.close()
        except ConnectionLost as problem:
            return problem
        except AccessRefused as problem:
            if not self._started:
                raise
            return problem

    async def _connect(self, apis: list[Api]) -> tuple[Api, aiohttp.ClientWebSocketResponse]:
        problems: list[Exception] = []
        for api in apis:
            try:
                return api, await api.websocket()
            except (ConnectionLost, AccessRefused) as problem:
                problems.append(problem)
        refused = any(isinstance(problem, AccessRefused) for problem in problems)
        raise (AccessRefused if refused else ConnectionLost)("; ".join(map(str, problems)))

    async def _listen(self, api: Api, stream: Stream) -> t.NoReturn:
        interval = self._settings.resync_interval or float("inf")
        while True:
            await self._resync(api, stream)
            self._started = True
            due = time.monotonic() + interval
            while (left := due - time.monotonic()) > 0:
                event = await stream.next(min(left, 86_400))
                if event is None:
                    break
                await self._emit(api, event)

    async def _resync(self, api: Api, stream: Stream) -> None:
        """Read the state, and send events for the changes that had none and will have none.

        The patterns are registered already; the second registration is a barrier behind which every
        event of a change that we have read waits in the stream.
        """
        changes: list[Event] = []
        first: dict[str, dict[str, Snapshot]] = {}
        for kind in await self._kinds(api):
            if kind in self._snapshots:
                changes += await self._find_changes(api, kind, self._snapshots[kind])
            else:
                first[kind] = {key: Snapshot(item) async for key, item in self._read_objects(api, kind)}
        await stream.register(self._settings.registrations[:1])
        coming = stream.pending_objects()
        for kind, found in first.items():
            self._snapshots[kind] = {key: it for key, it in found.items() if (kind, key) not in coming}
        changes = [change for change in changes if change.object_id not in coming]
        self._synthesized.clear()
        for change in changes:
            await self._emit(api, change)
            self._synthesized.add(change.object_id)
        logger.info("read the state of %s: %d changes had no event", api.endpoint, len(changes))

    async def _kinds(self, api: Api) -> list[str]:
        if self._settings.resync_kinds is not None:
            return self._settings.resync_kinds
        types = {each.type for each in self._settings.registrations if each.action in ("*", *CHANGE_ACTIONS)}
        return [kind for kind in await api.kinds() if kind in types or "*" in types]

    async def _read_objects(self, api: Api, kind: str) -> t.AsyncIterator[tuple[str, JsonObject]]:
        async for item in api.items(kind):
            key = key_of(item)
            if kind == "machines":
                self._machine_names[key] = str(item.get("Name") or "")
            yield key, item

    async def _find_changes(self, api: Api, kind: str, known: dict[str, Snapshot]) -> list[Event]:
        """What differs between the server's objects and those that we know."""
        changes: dict[str, Event] = {}
        gone = set(known)
        async for key, item in self._read_objects(api, kind):
            gone.discard(key)
            if Snapshot(item).changed_members(known.get(key)):
                action = "update" if key in known else "create"
                changes[key] = Event(kind, action, key, item, synthesized=True)
        for key in gone:
            if not await api.exists(kind, key):
                changes[key] = Event(kind, "delete", key, {}, synthesized=True)
        return list(changes.values())

    async def _emit(self, api: Api, event: Event) -> None:
        """Emit the event if the rulebook asked for it, and keep what it says."""
        known = self._snapshots.get(event.type, {})
        now = Snapshot(event.item) if event.carries_state and event.action != "delete" else None
        changed = now.changed_members(known.get(event.key)) if now else []
        news = bool(changed) if now else event.action != "delete" or event.key in known
        repeated = event.object_id in self._synthesized and not news
        self._synthesized.discard(event.object_id)
        if event.type == "machines" and now and event.item.get("Name"):
            self._machine_names[event.key] = str(event.item["Name"])
        action = self._wanted_action(event)
        if action and not repeated:
            await self._queue.put(await self._event_document(api, event, action, changed))
        if now and event.type in self._snapshots:
            known[event.key] = now
        elif event.action == "delete":
            known.pop(event.key, None)
            self._machine_names.pop(event.key, None)

    def _wanted_action(self, event: Event) -> str | None:
        """The action to call it by, or None if the rulebook did not ask for it.

        Whether a change that we only see the result of came as an update or a save is not known.
        """
        guesses = ("update", "save") if event.synthesized and event.action != "delete" else ()
        return next(
            (each for each in (event.action, *guesses) if self._settings.wants(event.type, each, event.key)),
            None,
        )

    async def _event_document(self, api: Api, event: Event, action: str, changed: list[str]) -> JsonObject:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        meta: JsonObject = {"uuid": event.uuid(self._settings.endpoints)}
        document = {
            "type": event.type,
            "action": action,
            "key": event.key,
            "time": event.time or now,
            "principal": event.principal,
            "object": event.redacted(event.item),
            "changed": changed,
            "synthesized": event.synthesized,
            "endpoint": api.endpoint,
            "meta": meta,
        }
        if event.original is not None:
            document["original"] = event.redacted(event.original)
        machine = await self._event_machine_name(api, event)
        if machine:
            document["machine"] = machine
            meta["hosts"] = [machine]
        return escape_templates(document)

    async def _event_machine_name(self, api: Api, event: Event) -> str:
        """The name of the machine that the event is about; "" if it is about none.

        An event of a machine or a job always has one, even if it matches no host: without a limit the
        playbook of a rule would run on the whole inventory.
        """
        item = event.item if isinstance(event.item, dict) else {}
        if event.type == "machines":
            item = item["Model"] if isinstance(item.get("Model"), dict) else item  # an action was run
            names = [str(item.get("Name") or self._machine_names.get(event.key, "")), event.key]
        elif event.type == "jobs":
            machine = str(item.get("Machine") or "")
            names = [await self._cached_machine_name(api, machine), machine or event.key]
        else:
            return ""
        return next((name for name in names if HOST_NAME_PATTERN.fullmatch(name)), UNKNOWN_HOST)

    async def _cached_machine_name(self, api: Api, machine: str) -> str:
        if machine and machine not in self._machine_names:
            try:
                self._machine_names[machine] = await api.machine_name(machine)
            except (ConnectionLost, AccessRefused) as problem:
                logger.warning("cannot look up the name of machine %s: %s", machine, problem)
        return self._machine_names.get(machine, "")


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Put the events of a DRP server into the queue, until cancelled."""
    await Source(Settings(args), queue).run()
