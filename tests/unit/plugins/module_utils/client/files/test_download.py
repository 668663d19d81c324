# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: whole and right, or not at all."""

from __future__ import annotations

import collections
import hashlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT
from webserver import Page, WebServer, serving

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import download
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.download import (
    Download,
    DownloadFailed,
    fetch,
)

CONTENT = random.Random(1).randbytes(1 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ETAG = {"ETag": '"v1"'}


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What of a piece came before the connection broke is lost; the tests cut between pieces."""
    monkeypatch.setattr(download, "_CHUNK_SIZE", 1000)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "file.iso"


def get(web: WebServer, target: Path, path: str = "/f", **options: Any) -> Download:
    return fetch(web.url + path, str(target), sleep=lambda _seconds: None, **options)


def folder_of(target: Path) -> list[str]:
    return sorted(os.listdir(target.parent))


def ranges(web: WebServer) -> list[str | None]:
    return [headers.get("Range") for _path, headers in web.seen]


def test_the_whole_file(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(CONTENT)
    told: list[tuple[int, int | None]] = []
    got = get(web, target, checksum=f"sha256:{SHA256.upper()}", progress=lambda *at: told.append(at))
    assert got == Download(len(CONTENT), SHA256)
    assert target.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert folder_of(target) == ["file.iso"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_is_there_is_not_asked_for(web: WebServer, target: Path) -> None:
    target.write_bytes(CONTENT)
    assert get(web, target, checksum=SHA256) == Download(len(CONTENT), SHA256)
    assert web.seen == []
    assert folder_of(target) == ["file.iso"]


@pytest.mark.parametrize("version", [ETAG, {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}])
def test_a_broken_transfer_goes_on(web: WebServer, target: Path, version: dict[str, str]) -> None:
    web.pages["/f"] = Page(CONTENT, headers=version, cuts=[300_000, 400_000])
    assert get(web, target).sha256 == SHA256
    assert ranges(web) == [None, "bytes=300000-", "bytes=700000-"]
    assert [headers.get("If-Range") for _path, headers in web.seen[1:]] == [*version.values()] * 2


def test_a_later_call_goes_on(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(CONTENT, headers=ETAG, cuts=[1000] * 5)
    target.write_bytes(b"old")
    with pytest.raises(DownloadFailed, match="1000|was cut off"):
        get(web, target)
    assert target.read_bytes() == b"old"
    assert folder_of(target) == [".file.iso.part", ".file.iso.part.json", "file.iso"]
    web.seen.clear()
    assert get(web, target).sha256 == SHA256
    assert ranges(web) == ["bytes=5000-"]
    assert folder_of(target) == ["file.iso"]


def test_a_part_of_an_older_version_is_thrown_away(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(bytes(len(CONTENT)), headers=ETAG, cuts=[1000] * 5)
    with pytest.raises(DownloadFailed):
        get(web, target)
    web.pages["/f"] = Page(CONTENT, headers={"ETag": '"v2"'})
    assert get(web, target).sha256 == SHA256


def test_a_part_of_another_url_is_thrown_away(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(bytes(len(CONTENT)), headers=ETAG, cuts=[1000] * 5)
    web.pages["/g"] = Page(CONTENT, headers=ETAG)
    with pytest.raises(DownloadFailed):
        get(web, target)
    assert get(web, target, "/g").sha256 == SHA256


def test_a_checksum_makes_any_part_worth_keeping_and_shows_a_bad_one(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(bytes(len(CONTENT)), cuts=[1000] * 5)
    with pytest.raises(DownloadFailed):
        get(web, target, checksum=SHA256)
    web.pages["/f"] = Page(CONTENT)
    web.seen.clear()
    assert get(web, target, checksum=SHA256).sha256 == SHA256
    assert ranges(web) == ["bytes=5000-", None]


def test_without_ranges_or_version_it_starts_over(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(CONTENT, headers=ETAG, ranges=False, cuts=[1000])
    assert get(web, target).sha256 == SHA256
    web.pages["/g"] = Page(CONTENT, headers={"ETag": 'W/"weak"'}, cuts=[1000])
    web.seen.clear()
    assert get(web, target, "/g").sha256 == SHA256
    assert ranges(web) == [None, None]


def test_a_complete_part_is_no_dead_end(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(CONTENT, headers=ETAG, cuts=[1000] * 5)
    with pytest.raises(DownloadFailed):
        get(web, target)
    web.pages["/f"] = Page(CONTENT[:5000], headers=ETAG)
    assert get(web, target).size == 5000


@pytest.mark.parametrize("checksum", [None, SHA256])
@pytest.mark.parametrize("cut", [0, 1000])
def test_always_truncated(web: WebServer, target: Path, checksum: str | None, cut: int) -> None:
    web.pages["/f"] = Page(CONTENT, ranges=False, cuts=[cut] * 5)
    with pytest.raises(DownloadFailed, match=r"/f: .*was cut off"):
        get(web, target, checksum=checksum)
    assert not target.exists()
    if not checksum or not cut:
        assert folder_of(target) == []


def test_wrong_checksum(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(b"other")
    with pytest.raises(DownloadFailed, match=f"its SHA-256 is [0-9a-f]{{64}} .5 bytes., not {SHA256}"):
        get(web, target, checksum=SHA256)
    assert folder_of(target) == []


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (500, "500"), (401, "401")])
def test_refusals(web: WebServer, target: Path, status: int, words: str) -> None:
    web.pages["/f"] = Page(b"", status)
    with pytest.raises(DownloadFailed, match=f"Cannot download {web.url}/f: the server answered {words}"):
        get(web, target)
    assert folder_of(target) == []


@pytest.mark.parametrize(
    "page",
    [Page(b"{}", headers={"Content-Type": "text/html; charset=utf-8"}), Page(b"\n<!DOCTYPE html><p>log in")],
)
def test_a_page_instead_of_the_file(web: WebServer, target: Path, page: Page) -> None:
    web.pages["/f"] = page
    with pytest.raises(DownloadFailed, match="/f: a page for people"):
        get(web, target, check_content=lambda *seen: "a page for people" if download.is_html(*seen) else "")
    assert folder_of(target) == []
    assert get(web, target).size == len(page.content)


def test_nobody_there(target: Path, closed_port: str) -> None:
    with pytest.raises(DownloadFailed, match="Cannot reach .*refused"):
        fetch(closed_port + "/f", str(target), sleep=lambda _seconds: None)
    assert folder_of(target) == []


def test_no_space(web: WebServer, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pages["/f"] = Page(CONTENT, headers=ETAG)
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _path: usage(9, 9, 1000))
    with pytest.raises(DownloadFailed, match=f"no space left in {target.parent}, {len(CONTENT)} bytes"):
        get(web, target)
    assert folder_of(target) == []


def test_disk_full_while_writing(web: WebServer, tmp_path: Path) -> None:
    web.pages["/f"] = Page(CONTENT)
    (tmp_path / ".full.part").symlink_to("/dev/full")
    with pytest.raises(DownloadFailed, match="Cannot write"):
        get(web, tmp_path / "full")  # what lies there is not followed


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("ftp://h/x", {}, "not an http or https URL"),
        ("https:///x", {}, "not an http or https URL"),
        ("http://127.0.0.1/x", {"checksum": "md5:abc"}, "md5:abc is not a SHA-256"),
        ("http://127.0.0.1/x", {"ca_path": "/nonexistent"}, "ca_path: /nonexistent cannot be read"),
    ],
)
def test_unusable_arguments(target: Path, url: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fetch(url, str(target), **options)
    with pytest.raises(UsageError, match="the folder to download to does not exist"):
        fetch("http://127.0.0.1/x", str(target / "deep" / "er"))


def test_credentials_go_to_their_host_only(web: WebServer, target: Path) -> None:
    with serving() as other:
        other.pages["/f"] = Page(CONTENT)
        web.pages["/f"] = Page(b"", 302, {"Location": f"{other.url}/f"}, login="me:s3cret")
        login = web.url.replace("://", "://me:s3cret@")
        fetch(f"{login}/f?sig=hush", str(target))
        assert web.seen[-1][1]["Authorization"].startswith("Basic ")
        assert "Authorization" not in other.seen[-1][1]
        del other.pages["/f"]
        target.unlink()
        with pytest.raises(DownloadFailed) as caught:
            fetch(f"{login}/f?sig=hush", str(target))
        assert "s3cret" not in str(caught.value)
        assert "hush" not in str(caught.value)


def test_trust(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certs = pytest.importorskip("simulator.certs", exc_type=ImportError)
    made = certs.make(tmp_path)
    (tmp_path / "other").mkdir()
    stranger = certs.make(tmp_path / "other")
    with serving(made.context()) as secure, serving() as plain:
        secure.pages["/f"] = Page(CONTENT)
        assert get(secure, target, ca_path=str(made.cert)).sha256 == SHA256
        assert get(secure, target, validate_certs=False).sha256 == SHA256
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.cert))
        assert get(secure, target).sha256 == SHA256
        with pytest.raises(DownloadFailed, match="not trusted: .*Set the TLS options of the download"):
            get(secure, target, ca_path=str(stranger.cert))
        plain.pages["/g"] = Page(CONTENT)
        secure.pages["/f"] = Page(b"", 302, {"Location": f"{plain.url}/g"})
        with pytest.raises(DownloadFailed, match="not encrypted"):
            get(secure, target)
        target.unlink()
        with pytest.raises(DownloadFailed, match="not encrypted"):
            get(secure, target, checksum=SHA256)


def test_two_at_once_share_one_transfer(web: WebServer, target: Path) -> None:
    web.pages["/f"] = Page(CONTENT)
    results: list[Download] = []
    threads = [
        threading.Thread(target=lambda: results.append(get(web, target, checksum=SHA256))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert results == [Download(len(CONTENT), SHA256)] * 4
    assert len(web.seen) == 1
    assert folder_of(target) == ["file.iso"]
