# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of an inventory: one list of each kind that is needed, none per host or per profile."""

from __future__ import annotations

import dataclasses
import typing as t

from ...module_utils.client import features
from ...module_utils.client.client import Client
from ...module_utils.client.errors import ApiError, NotFound, UnreadableAnswer, UsageError
from ...module_utils.client.objects import param_texts
from .filters import Filter, NamedFilter, read_named
from .groups import HOST_KINDS, OWNERS, owner_key
from .params import Aggregator
from .secrets import Patterns, remove_secrets
from .wanted import Wanted

Object = dict[str, t.Any]
Objects = list[Object]
ObjectsByKind = dict[str, Objects]
"""Kind -> its objects as the server sent them, without their secrets."""
OnMessage = t.Callable[[str], None]

_WORKERS = 4
_NOT_ACCEPTABLE = 406
_MISSING_INDEX_MESSAGE = "Filter not found: "


def fetch(client: Client, wanted: Wanted, on_message: OnMessage) -> ObjectsByKind:
    """What is wanted, as the server has it now.

    ``on_message`` gets a text for each filter that the server cannot apply.  Raises the errors of the client.
    """
    return _Fetch(client, wanted, on_message).run()


class _Fetch:
    def __init__(self, client: Client, wanted: Wanted, on_message: OnMessage) -> None:
        self._client = client
        self._wanted = wanted
        self._on_message = on_message
        self._client_side_filters: list[Filter] = []
        """The filters that the server cannot apply."""
        self._server_aggregates = wanted.aggregated and client.has_feature(features.V4.flag)
        """Whether the server puts the params together, by the rules of its own version."""
        self._named_filter = NamedFilter()
        self._profiles_have_params = wanted.profile_params
        self._asks_for_compared = False
        """Whether the server puts together the params that are compared on this side."""

    def run(self) -> ObjectsByKind:
        wanted = self._wanted
        self._named_filter = read_named(self._client, wanted.named_filter, wanted.kinds)
        answer = {"machines": self._selected("machines") if "machines" in wanted.kinds else []}
        answer.update({kind: self._selected(kind) for kind in wanted.kinds if kind != "machines"})
        compares = any(one.field.is_param for one in self._client_side_filters)
        self._asks_for_compared = compares and self._client.has_feature(features.PARTIAL_OBJECTS.flag)
        layers = compares and not self._asks_for_compared
        self._profiles_have_params = wanted.profile_params or layers
        hosts = [kind for kind in HOST_KINDS if kind in answer]
        for kind in wanted.owners:
            found = self._list(kind, "slim", "Params,Meta")
            answer[owner_key(kind)] = [{"Name": item.get("Name")} for item in found]
        if wanted.profiles or layers:
            slim = [] if self._profiles_have_params else ["slim", "Params"]
            answer["profiles"] = self._list("profiles", *slim)
        if (wanted.aggregated and not self._server_aggregates) or layers:
            answer["stages"] = self._list("stages")
        if wanted.tenants:
            answer["tenants"] = self._list("tenants")
        if self._client_side_filters:
            answer.update({kind: self._filtered(kind, answer) for kind in hosts})
        secret = Patterns(wanted.secret_params)
        for kind in answer.keys() & {*hosts, "profiles", "stages"}:
            remove_secrets(answer[kind], secret)
        return answer

    def _selected(self, kind: str) -> Objects:
        """The objects that the server selects; a filter that it refuses is moved to this side."""
        server_side_filters = list(self._wanted.filters)
        words = self._query_words(kind, server_side_filters)
        without_runner = self._self_runner_words(kind)
        while True:
            aggregate = ["aggregate"] if self._server_aggregates else []
            try:
                named = self._named_filter.words(kind)
                return self._list(kind, *words, *named, *without_runner, *aggregate, *self._slim_words())
            except ApiError as error:
                if param_texts.is_misread(error) and self._quote_texts(server_side_filters):
                    words = self._query_words(kind, server_side_filters)
                    continue
                name = _missing_index(error)
                if aggregate and name == aggregate[0]:
                    self._server_aggregates = False
                    continue
                if without_runner and name == without_runner[0]:
                    without_runner = []
                    self._on_message("exclude_self_runner: this server cannot leave it out")
                    continue
                refused = [one for one in server_side_filters if one.name == name]
                if not refused:
                    raise
                for one in refused:
                    self._filter_client_side(one, "this server has no such index or param")
                server_side_filters = [
                    one
                    for one in server_side_filters
                    if one.name != name and one not in self._client_side_filters
                ]
                words = self._query_words(kind, server_side_filters)

    def _query_words(self, kind: str, asked: t.Sequence[Filter]) -> list[str]:
        words: list[str] = []
        names = self._named_filter.names(kind)
        for one in asked:
            if one in self._client_side_filters:
                continue
            unsupported_reason = one.unsupported_reason(self._supports_set_filters)
            if not unsupported_reason and one.name in names:
                unsupported_reason = "the server treats two comparisons of one name as alternatives"
            if unsupported_reason:
                self._filter_client_side(one, unsupported_reason)
                continue
            names.add(one.name)
            words += self._in_words(one) if one.operator == "In" else one.words()
        return words

    def _quote_texts(self, asked: list[Filter]) -> bool:
        """Quote the texts that the server has misread; whether there are such."""
        before = {one.name: list(one.values) for one in asked if one.field.is_param}
        quoted = param_texts.quoted_texts(self._client, before)
        asked[:] = [dataclasses.replace(one, values=tuple(quoted.get(one.name, one.values))) for one in asked]
        return quoted != before

    def _in_words(self, one: Filter) -> list[str]:
        """``In``, also for a server that only knows it as several comparisons of one name."""
        if self._supports_set_filters() and not any("," in str(value) for value in one.values):
            return one.words()
        return [word for value in one.values for word in one.words("Eq", [value])]

    def _supports_set_filters(self) -> bool:
        return self._client.has_feature(features.SET_FILTERS.flag)

    def _self_runner_words(self, kind: str) -> list[str]:
        """Older servers have no machine of their own."""
        excludes = self._wanted.exclude_self_runner and kind == "machines"
        return ["exclude-self"] if excludes and self._client.has_feature(features.V4.flag) else []

    def _filter_client_side(self, one: Filter, why: str) -> None:
        self._client_side_filters.append(one)
        self._on_message(f"filters: {one.name} {one.operator} is compared by the plugin: {why}")

    def _slim_words(self) -> list[str]:
        fields = [one.field for one in self._client_side_filters]
        left_out = []
        if not self._wanted.params and not any(field.is_param for field in fields):
            left_out.append("Params")
        if not self._wanted.meta and not any(field.name.startswith("Meta.") for field in fields):
            left_out.append("Meta")
        return ["slim", ",".join(left_out)] if left_out else []

    def _list(self, kind: str, *words: str) -> Objects:
        page_size = self._wanted.page_size if kind == "machines" else None
        try:
            found = self._client.list(kind, *words, page_size=page_size, workers=_WORKERS)
        except NotFound as error:
            if kind not in OWNERS.values():
                raise
            raise UsageError(f"kinds, groups_by: {error.messages[0]}") from error
        if not all(isinstance(item, dict) for item in found):
            raise UnreadableAnswer(
                f"the list of {kind} contains an entry that is not an object", type="GET", code=200
            )
        return found

    def _filtered(self, kind: str, answer: ObjectsByKind) -> Objects:
        """The objects for which the filters of this side hold; params count wherever they are set."""
        params_of = self._compared_params(kind, answer)
        names = {one.field.param_name for one in self._client_side_filters if one.field.is_param}
        defaults = {name: self._param_default(name) for name in names}

        def wanted(machine: Object) -> bool:
            params = {**defaults, **params_of(machine)} if defaults else {}
            return all(
                one.matches(lambda field: field.read(machine, params)) for one in self._client_side_filters
            )

        return [item for item in answer[kind] if wanted(item)]

    def _compared_params(self, kind: str, answer: ObjectsByKind) -> t.Callable[[Object], Object]:
        """What gives the params that apply to an object, as far as the filters of this side compare them.

        A v4 server is asked for them, because it has layers of params that only it knows the order of.
        """
        names = [one.field.param_name for one in self._client_side_filters if one.field.is_param]
        if not names:
            return lambda _item: {}
        if self._server_aggregates:
            return lambda item: item.get("Params") or {}
        if self._asks_for_compared:
            found = self._aggregated(kind, names)
            if found is not None:
                return lambda item: found.get(item.get("Uuid"), {})
        with_params = self._profiles_have_params and "profiles" in answer
        profiles = answer["profiles"] if with_params else self._list("profiles")
        stages = answer["stages"] if "stages" in answer else self._list("stages")
        return Aggregator(profiles, stages).params_of

    def _aggregated(self, kind: str, names: t.Sequence[str]) -> dict[t.Any, Object] | None:
        """UUID -> these params as the server puts them together; None from one that does not."""
        named = self._named_filter.words(kind)
        try:
            only = ["params", ",".join(sorted(set(names)))]
            found = self._list(kind, *named, "aggregate", "slim", "Meta", *only)
        except ApiError as error:
            if _missing_index(error) != "aggregate":
                raise
            return None
        return {item.get("Uuid"): item.get("Params") or {} for item in found}

    def _param_default(self, name: str) -> t.Any:
        """What the server takes for the value of a param that is nowhere set."""
        schema = (self._client.find("params", name) or {}).get("Schema")
        return schema.get("default") if isinstance(schema, dict) else None


def _missing_index(error: ApiError) -> str:
    """The name of the filter that the server refused because it has no such index; "" for other errors."""
    text = error.messages[0] if error.messages else ""
    found = error.code == _NOT_ACCEPTABLE and _MISSING_INDEX_MESSAGE in text
    return text.partition(_MISSING_INDEX_MESSAGE)[2].strip() if found else ""
