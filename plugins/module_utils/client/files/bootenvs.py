# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Boot environments and templates from files, and the ISOs that a boot environment names."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

from .. import models
from ..client import Client
from ..errors import DrpError, UsageError
from ..formats import decode_yaml
from . import blobs, download, uploads
from .download import DownloadFailed
from .local import open_local, read_local
from .uploads import Source, Uploaded

Object = dict[str, t.Any]
Fetch = t.Callable[[str, str, t.Optional[str]], object]
"""Gets a URL, the path for its content, and the SHA-256 that this must have; as :func:`.download.fetch`."""


@dataclasses.dataclass(frozen=True)
class BootEnvFile:
    """A boot environment as a content pack keeps it: a file, and templates in the folder beside it."""

    spec: Object
    folder: str
    """Where its templates are looked for."""
    templates: t.Mapping[str, str]
    """Template ID -> file, of those it refers to and of all others that lie there."""
    missing: tuple[str, ...]
    """IDs that it refers to and that are not in the folder."""


def read_bootenv(path: str) -> BootEnvFile:
    """A boot environment from YAML or JSON, and where its templates are.

    They are in ``templates`` when the file lies in a folder called ``bootenvs``, beside it otherwise; there
    only names in ``.tmpl`` count as templates, beside those it refers to.  Raises UsageError.
    """
    if os.path.isdir(path):
        raise UsageError(f"{path} is a directory.  It needs to be a file.", model="bootenvs")
    try:
        text = read_local(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", model="bootenvs") from error
    spec = decode_yaml(text, "bootenvs", path)
    if not spec.get("Name"):
        raise UsageError(f"{path}: the boot environment has no Name", model="bootenvs")
    folder, in_pack = _template_folder(path)
    named = [str(entry["ID"]) for entry in spec.get("Templates") or [] if entry.get("ID")]
    others = [name for name in _visible_files(folder) if in_pack or name.endswith(".tmpl")]
    files = {name: os.path.join(folder, name) for name in dict.fromkeys([*named, *others])}
    outside = [name for name, file in files.items() if not _is_below(folder, file)]
    if outside:
        raise UsageError(f"{path}: the template {outside[0]} is not below {folder}", model="bootenvs")
    there = {name: file for name, file in files.items() if os.path.isfile(file)}
    return BootEnvFile(
        spec=spec,
        folder=folder,
        templates=there,
        missing=tuple(name for name in files if name not in there),
    )


def read_template(path: str, template_id: str) -> str:
    """The text of a template; UsageError when it cannot be read."""
    try:
        return read_local(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"Unable to import template {template_id}", f"{path}: {why}", model="templates", key=template_id
        ) from error


def install_bootenv_from_file(client: Client, path: str) -> Object:
    """Create or update a boot environment and its templates from a file; what the server made of it.

    Nothing is written when a template that it refers to is neither in the folder nor on the server.
    """
    read = read_bootenv(path)
    name = str(read.spec["Name"])
    absent = [one for one in read.missing if not client.exists("templates", one)]
    if absent:
        problems = [f"Unable to import template {one}: it is not in {read.folder}" for one in absent]
        raise UsageError(*problems, model="bootenvs", key=name)
    for template_id, file in read.templates.items():
        install_template_from_file_with_id(client, file, template_id)
    old = client.find("bootenvs", name)
    if old is None:
        return client.create("bootenvs", read.spec)
    wanted = {member: value for member, value in read.spec.items() if member not in models.COMPUTED}
    new = _merged(old, wanted)
    return old if new == old else client.patch_to("bootenvs", old, new)


def install_template_from_file(client: Client, path: str) -> Object:
    """Create or update the template that is called as the file is."""
    return install_template_from_file_with_id(client, path, os.path.basename(path))


def install_template_from_file_with_id(client: Client, path: str, template_id: str) -> Object:
    """Create or update a template from a file; what the server made of it."""
    contents = read_template(path, template_id)
    old = client.find("templates", template_id)
    if old is None:
        return client.create("templates", {"ID": template_id, "Contents": contents})
    if old.get("Contents") == contents:
        return old
    return client.patch_to("templates", old, {**old, "Contents": contents})


def isos_of(env: t.Mapping[str, t.Any]) -> dict[str, str]:
    """File name -> URL ("" without one) of all ISOs that a boot environment names."""
    system = env.get("OS") or {}
    named = [system, *(system.get("SupportedArchitectures") or {}).values()]
    return {str(one["IsoFile"]): str(one.get("IsoUrl") or "") for one in named if one.get("IsoFile")}


def install_isos_for_bootenv(
    client: Client,
    env: t.Mapping[str, t.Any],
    folder: str,
    download_ok: bool = False,
    fetch: Fetch | None = None,
) -> list[str]:
    """Upload from ``folder`` what the server lacks of the ISOs of ``env``; their names.

    What the folder lacks as well is downloaded into it if ``download_ok``, and verified where the boot
    environment has a checksum.  Only names are compared with what the server has.  Raises DrpError for
    the first ISO that cannot be had, of a Type that says why; those before it are then on the server.
    """
    fetch = fetch or functools.partial(download.fetch, environment=client.transport.environment)
    there = set(blobs.list_blobs(client, "isos"))
    wanted = {name: url for name, url in isos_of(env).items() if name not in there}
    for name, url in wanted.items():
        path = os.path.join(folder, blobs.blob_path("isos", name))
        if not os.path.exists(path):
            _download(name, url, path, checksum_of(env, name) if download_ok else None, fetch)
        upload_iso_for_bootenv(client, path, name)
    return list(wanted)


def upload_iso_for_bootenv(
    client: Client, path: str, name: str, progress: uploads.Progress | None = None, sha256: str = ""
) -> Uploaded:
    """Upload a local ISO under ``name``; ``sha256`` is its checksum, if that is known.

    The server unpacks it before it answers, and does not report if that fails.
    """
    if os.path.isdir(path):
        raise DrpError(type="ISO_SRC_IS_A_DIR", model="isos", key=path)
    try:
        with open_local(path) as file:
            return uploads.upload(client, "isos", name, Source(file, path, progress, sha256))
    except OSError as error:
        raise DrpError(
            f"{path}: {error.strerror}", type="UPLOAD_NOT_POSSIBLE", model="isos", key=path
        ) from error


def checksum_of(env: t.Mapping[str, t.Any], iso: str) -> str:
    """The SHA-256 that a boot environment has for an ISO; "" without one, UsageError for two."""
    system = env.get("OS") or {}
    checksums = [system.get("IsoSha256")] if system.get("IsoFile") == iso else []
    arches = (system.get("SupportedArchitectures") or {}).values()
    checksums += [one.get("Sha256") for one in arches if one.get("IsoFile") == iso]
    different = sorted({str(one).lower() for one in checksums if one})
    if len(different) > 1:
        raise UsageError(
            f"bootenv {env.get('Name')}: it names {iso} twice, with the different checksums "
            f"{' and '.join(different)}; give the files different names"
        )
    return different[0] if different else ""


def _download(name: str, url: str, path: str, checksum: str | None, fetch: Fetch) -> None:
    """``checksum`` is None when downloading is not allowed, "" when it is not known."""
    if checksum is None:
        raise DrpError(f"{path} is not there", type="DOWNLOAD_NOT_ALLOWED", model="isos", key=name)
    if not url:
        raise DrpError("it has no URL", type="DOWNLOAD_NOT_POSSIBLE", model="isos", key=name)
    try:
        fetch(url, path, checksum or None)
    except DownloadFailed as error:
        raise DrpError(
            *error.messages, type="DOWNLOAD_FAILED", model="isos", key=download.redacted_url(url)
        ) from error


def _template_folder(path: str) -> tuple[str, bool]:
    """The folder of its templates, and whether it holds nothing else."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.basename(folder) == "bootenvs":
        return os.path.join(os.path.dirname(folder), "templates"), True
    return folder, os.path.basename(folder) == "templates"


def _visible_files(folder: str) -> list[str]:
    """Those that are no hidden ones."""
    try:
        return sorted(
            one.name for one in os.scandir(folder) if one.is_file() and not one.name.startswith(".")
        )
    except OSError:
        return []


def _is_below(folder: str, file: str) -> bool:
    """Whether an ID that looks like a path stays within the folder."""
    return os.path.commonpath([folder, os.path.normpath(file)]) == folder


def _merged(old: t.Any, new: t.Any) -> t.Any:
    """``new``, with the members that the server added to ``old`` and that ``new`` does not name."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_merged(*pair) for pair in zip(old, new)]
    return old if new is None else new
