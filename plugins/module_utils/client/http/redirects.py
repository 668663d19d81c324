# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Answers that send us elsewhere: an error of the API, and the usual thing of downloads from the web.

No DRP server redirects.  To follow one would turn a DELETE into a GET, hand bodies with passwords to whom the
redirect names, and believe what is answered there.
"""

from __future__ import annotations

import typing as t
import urllib.parse

from ..errors import Redirected
from ..masking import mask, mask_url_credentials
from ..third_party import requests

_MAX_HOPS = 10
_NO_REDIRECT = 304

SendOne = t.Callable[[str, t.Mapping[str, str]], t.Any]
"""Sends the request to a URL with headers: a ``requests`` answer whose body is unread."""


def refuse(reply: t.Any, method: str, path: str, secrets: t.Collection[str] = ()) -> None:
    """Raise Redirected for an answer that is a redirect."""
    status = reply.status_code
    if not 300 <= status < 400 or status == _NO_REDIRECT:
        return
    target = mask(_shown(reply.headers.get("Location", "")), secrets)
    reply.raw.close()
    raise Redirected(
        f"{method} {path} was answered {status}, a redirect to {target or 'nowhere'}. The API of a DRP "
        "server never redirects; nothing was sent there. endpoint must be the address of the server itself",
        type=method,
        code=status,
    )


def follow(send_one: SendOne, url: str, headers: t.Mapping[str, str], session: requests.Session) -> t.Any:
    """The answer of a GET at the end of all redirects; Redirected for one that gives up encryption.

    An Authorization goes to the host that it was meant for only.
    """
    for _hop in range(_MAX_HOPS):
        reply = send_one(url, headers)
        location = t.cast(t.Any, requests.Session).get_redirect_target(session, reply)
        if not location:
            return reply
        reply.raw.close()
        target = _checked_target(reply, location)
        if t.cast(t.Any, session).should_strip_auth(url, target):
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        url = target
    raise Redirected(f"there are more than {_MAX_HOPS} redirects", type="GET", code=reply.status_code)


def _checked_target(reply: t.Any, location: str) -> str:
    try:
        target = urllib.parse.urljoin(reply.url, location)
        scheme = urllib.parse.urlsplit(target).scheme.lower()
    except ValueError:
        target, scheme = location, ""
    if scheme not in ("http", "https"):
        raise Redirected(
            f"the server redirects to {_shown(target)}, which is no web address",
            type="GET",
            code=reply.status_code,
        )
    if scheme == "http" and urllib.parse.urlsplit(reply.url).scheme.lower() == "https":
        raise Redirected(
            f"the server redirects to {_shown(target)}, which is not encrypted; to accept this, use that URL",
            type="GET",
            code=reply.status_code,
        )
    return str(target)


def _shown(url: str) -> str:
    """A target as it may be shown: a query may hold secrets."""
    return mask_url_credentials(url.partition("?")[0].partition("#")[0])[:300]
