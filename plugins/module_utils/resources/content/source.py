# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where the content pack of a task comes from: a folder, a file, a web server, or the task itself."""

from __future__ import annotations

import hashlib
import os
import tempfile
import typing as t

from ...client.errors import UsageError
from ...client.files.download import fetch, is_html, normalize_checksum, redacted_url
from ...client.formats import decode_yaml
from ...client.http.environment import Environment
from ...client.packs.bundle import DuplicateKey, bundle
from ...client.packs.forms import normalized, require_json_types
from ...client.packs.pack import Pack, by_server_key, require_name, validated_pack
from ...client.packs.pack_file import read_bytes, read_pack
from ...converge.task import Options


def load(options: Options, environment: Environment | None = None) -> Pack:
    """The pack that ``src`` or ``content`` describes, under the metadata of ``meta``, ready to be sent.

    Raises UsageError and DownloadFailed, in words that name the file, the line or the object.
    """
    source = options.get("src") or "content"
    extra = {name: value for name, value in (options.get("meta") or {}).items() if value is not None}
    pack = _read(options, extra, environment)
    kept = {name: value for name, value in pack["meta"].items() if name not in (options.get("meta") or {})}
    pack = normalized({"meta": {**kept, **extra}, "sections": pack["sections"]})
    name = require_name(pack, redacted_url(source) if is_url(source) else source)
    wanted = options.get("name")
    if wanted and wanted != name:
        raise UsageError(f"name: the content pack in {source} is called {name}, not {wanted}")
    by_server_key(pack, f"content pack {name}")
    require_json_types(pack, f"content pack {name}")
    return pack


def is_url(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _read(options: Options, extra: t.Mapping[str, t.Any], environment: Environment | None) -> Pack:
    source = options.get("src")
    if not source:
        return validated_pack(options.get("content"), "content")
    if is_url(source):
        return _download(source, options, environment)
    path = os.path.expanduser(os.path.expandvars(source))
    if os.path.isdir(path):
        if options.get("checksum"):
            raise UsageError("checksum: cannot be used with a folder; remove it, or set src to a file")
        return _bundle(path, extra, options)
    _verify(path, options.get("checksum"))
    return read_pack(path)


def _bundle(folder: str, extra: t.Mapping[str, t.Any], options: Options) -> Pack:
    last_file_wins = options.get("duplicate_keys") == "last_file"
    try:
        return bundle(folder, extra, last_file_wins)
    except DuplicateKey as error:
        raise UsageError(f"{error.messages[0]}. Set duplicate_keys: last_file to use the second") from error


def _verify(path: str, checksum: str | None) -> None:
    if not checksum or not os.path.isfile(path):
        return
    sha256 = hashlib.sha256(read_bytes(path)).hexdigest()
    if sha256 != normalize_checksum(checksum):
        raise UsageError(f"checksum: the SHA-256 of {path} is {sha256}, not {normalize_checksum(checksum)}")


def _download(url: str, options: Options, environment: Environment | None) -> Pack:
    with tempfile.TemporaryDirectory(prefix="drp-content-") as folder:
        path = os.path.join(folder, "pack")
        fetch(
            url,
            path,
            options.get("checksum"),
            options["download_validate_certs"],
            options.get("download_ca_path"),
            options.get("request_timeout") or 300.0,
            check_content=_reject_html,
            environment=environment,
        )
        return validated_pack(decode_yaml(read_bytes(path), source=redacted_url(url)), redacted_url(url))


def _reject_html(content_type: str, start: bytes) -> str:
    return "it is a web page, not a content pack" if is_html(content_type, start) else ""
