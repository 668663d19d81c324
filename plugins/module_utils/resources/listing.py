# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Lists that a user has described with filters, and what to say when the server does not know one."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import features, filters, models
from ..client.client import Client
from ..client.errors import ApiError, DrpError, UsageError, did_you_mean
from ..client.objects import param_texts

Object = dict[str, t.Any]

_BAD_QUERY = 406
_WITHOUT_INDEXES = ("interfaces", "plugin_providers")
"""Of these the server returns all, whatever it is asked."""
_UNKNOWN_FILTER, _UNSORTABLE_INDEX = "Filter not found: ", "Not sortable: "


@dataclasses.dataclass(frozen=True)
class Query:
    """Which objects, in which order, and how much of them."""

    where: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """As :func:`.filters.words_from_map` takes it."""
    sort: t.Sequence[str] = ()
    reverse: bool = False
    limit: int | None = None
    offset: int | None = None
    slim: t.Sequence[str] = ()
    """Maps (``Meta``, ``Params``) that come back empty."""
    params: t.Sequence[str] = ()
    """The only params to send, where the server can leave out others; elsewhere all come."""

    def words(self) -> list[str]:
        """The filter words; UsageError for what no server understands."""
        words = filters.words_from_map(self.where)
        # the server sorts by one index after the other, so that the last one counts most
        for index in reversed(self.sort):
            words += ["sort", index]
        words += ["reverse"] if self.reverse else []
        for name in ("limit", "offset"):
            number = getattr(self, name)
            if number is not None and number < 0:
                raise UsageError(f"{name}: must not be negative")
            words += [name, str(number)] if number is not None else []
        return words + (["slim", ",".join(self.slim)] if self.slim else [])


def select(client: Client, kind: str, query: Query) -> list[Object]:
    """The objects that ``query`` describes.  UsageError says which indexes there are if it names another."""
    words = query.words()
    if kind in _WITHOUT_INDEXES:
        if dataclasses.replace(query, slim=()).words():
            raise UsageError(
                f"{kind}: the server has no indexes for them, and can neither filter nor sort them"
            )
        words = []
    try:
        if query.params and client.has_feature(features.PARTIAL_OBJECTS.flag):
            return client.list(kind, *words, params=query.params)
        return client.list(kind, *words)
    except ApiError as error:
        respelled = _respelled(kind, query.where)
        if _is_unknown_index(error) and respelled != query.where:
            return select(client, kind, dataclasses.replace(query, where=respelled))
        if param_texts.is_misread(error):
            quoted = param_texts.quoted_texts(client, query.where)
            if quoted != query.where:
                return select(client, kind, dataclasses.replace(query, where=quoted))
        raise explain_error(client, kind, error) from error


def _respelled(kind: str, where: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The filters with the names of members as the kind spells them: there is no param of that name."""
    model = models.get(kind)
    return {model.spelling(str(name)) or name: value for name, value in where.items()}


def _is_unknown_index(error: ApiError) -> bool:
    return error.code == _BAD_QUERY and any(text.startswith(_UNKNOWN_FILTER) for text in error.messages)


def count(client: Client, kind: str, where: t.Mapping[str, t.Any]) -> int:
    """How many objects match; nothing but the number is transferred.  Errors as those of :func:`select`."""
    words = filters.words_from_map(where)
    client.require_query_features(filters.build_query(words))
    request = client.req().filter(kind, *words).head()
    try:
        request.do()
        return int(request.answer.headers["X-DRP-LIST-COUNT"]) if request.answer else 0
    except (ApiError, KeyError, ValueError):
        # kinds without HEAD or without the header; and HEAD does not say what is wrong with a filter
        return len(select(client, kind, Query(where, slim=("Meta", "Params"))))


def explain_error(client: Client, kind: str, error: ApiError) -> DrpError:
    """The error of a list in words about the options ``filters`` and ``sort``, if it is about them."""
    if error.code != _BAD_QUERY or not error.messages:
        return error
    message = error.messages[0]
    for start, option in ((_UNKNOWN_FILTER, "filters"), (_UNSORTABLE_INDEX, "sort")):
        if message.startswith(start):
            return UsageError(_unknown_index(client, kind, option, message[len(start) :]))
    return UsageError(*(f"filters: {message}" for message in error.messages))


def _unknown_index(client: Client, kind: str, option: str, name: str) -> str:
    try:
        known = sorted(client.indexes(kind))
    except DrpError:
        return f"{option}: {kind} have no index {name}"
    model = models.get(kind)
    hint = did_you_mean(name, known)
    by_param = ", and there is no param of that name" if option == "filters" and model.has_params else ""
    meta = "" if option == "sort" else ". Metadata is filtered as Meta.<key>"
    return f"{option}: {kind} have no index {name}{by_param}.{hint} Indexes: {', '.join(known)}{meta}"
