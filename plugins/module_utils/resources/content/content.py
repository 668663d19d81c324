# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A content pack on the server: there as it is wanted, or not there."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client.errors import ApiError, Conflict, DrpError, NotFound, UsageError
from ...client.objects.secure import unseal
from ...client.packs import contents
from ...client.packs.contents import Summary
from ...client.packs.diff import PackDiff, compare, dropped
from ...client.packs.pack import Object, Pack, counts
from ...client.patch import same_json
from ...converge.task import Result, Task, failure
from .requirements import Neighbours, require_features, require_prerequisites
from .show import View, outline, secret_texts
from .source import load
from .usage import Use, keys_of, unusable, uses_of, without_values

MAX_TRIES = 4
_TOLD = 10
_NOTHING: Pack = {"meta": {}, "sections": {}}
_DASH = "bad character U+002D"


def run(task: Task) -> Result:
    """What ``drp_content`` does."""
    options = task.options
    pack = load(options) if options.get("src") or options.get("content") else None
    name = str(pack["meta"]["Name"] if pack else options.get("name") or "")
    if pack and options.get("content"):
        task.secrets.update(secret_texts(pack))
    content = _Content(task, name)
    try:
        if options["state"] == "absent":
            return content.absent()
        if pack is None:
            raise UsageError("src: say where the content pack is, or give it as content")
        return content.present(pack)
    except ApiError as error:
        error.messages = [without_values(message) for message in error.messages]
        result = failure(error)
        hint = ' (in a template, a param whose name has a dash is {{.Param "its-name"}})'
        result["msg"] = f"content pack {name}: {result['msg']}" + (hint if _DASH in result["msg"] else "")
        return result


class _Stale(Exception):
    """Somebody else added or removed the pack after it was looked at."""

    def __init__(self, error: DrpError) -> None:
        super().__init__(error)
        self.error = error


@dataclasses.dataclass
class _Content:
    """One pack of one task."""

    task: Task
    name: str
    warnings: list[str] = dataclasses.field(default_factory=list)

    def present(self, pack: Pack) -> Result:
        """The pack is there as given; what others do to it meanwhile is looked at anew."""
        for attempt in range(MAX_TRIES):
            try:
                return self._present(pack)
            except _Stale as stale:
                if attempt + 1 == MAX_TRIES:
                    raise stale.error from stale
        raise AssertionError("the last try returns or raises")

    def absent(self) -> Result:
        layers = contents.summaries(self.task.client)
        if self._uploaded(layers) is None:
            return self._result("unchanged", None, None, ({}, {}))
        there = contents.get_item(self.task.client, self.name)
        users = self._users(Neighbours(self.task.client, there, layers), there, _NOTHING)
        self._refuse_missed(users, "remove it")
        if not self.task.check:
            contents.delete(self.task.client, self.name)
        return self._result("deleted", there, None, (outline(there), {}))

    def _present(self, pack: Pack) -> Result:
        self.warnings = []
        client = self.task.client
        layers = contents.summaries(client)
        there = contents.get_item(client, self.name) if self._uploaded(layers) else None
        diff = compare(there or _NOTHING, pack, complete=there is not None)
        diff.sealed = self._changed_secrets(diff)
        if there is not None and not diff and not diff.sealed:
            result = self._result("unchanged", there, pack, ({}, {}))
            looks = self.task.options["require_available"] and not self.task.check
            return self._judge(result, unusable(client, pack)) if looks else result
        self._refuse(pack, there, layers)
        sides = View(client, (there, pack)).sides(diff) if there else ({}, outline(pack))
        result = self._result("updated" if there else "created", there, pack, sides)
        return result if self.task.check else self._stored(pack, self._write(pack, there), result)

    def _uploaded(self, layers: t.Sequence[Summary]) -> Summary | None:
        """The summary of the pack; UsageError when the name is that of a layer that is no upload."""
        if not self.name:
            raise UsageError("name: say which content pack is meant")
        layer = next((layer for layer in layers if layer["meta"]["Name"] == self.name), None)
        if layer and layer["meta"]["Type"] != contents.UPLOADED:
            raise UsageError(
                f"content pack {self.name}: it is a built-in layer of the server, of the type "
                f"{layer['meta']['Type']}; it can be neither replaced nor removed"
            )
        return layer

    def _write(self, pack: Pack, there: Pack | None) -> Summary:
        client, replaces = self.task.client, self.task.options["replace_writable"]
        try:
            if there is None:
                return contents.create(client, pack, replaces)
            return contents.replace(client, pack, replaces)
        except Conflict as error:
            if there is None:
                raise _Stale(error) from error
            raise
        except NotFound as error:
            raise _Stale(error) from error

    # -- what is looked at before a write

    def _refuse(self, pack: Pack, there: Pack | None, layers: t.Sequence[Summary]) -> None:
        """UsageError for what the server would refuse, and for what others would miss."""
        client, options = self.task.client, self.task.options
        require_features(client, pack)
        if not options["force"]:
            self.warnings += require_prerequisites(client, pack, layers)
        replaces = options["replace_writable"] and contents.takes_replace_writable(client)
        neighbours = Neighbours(client, pack, layers, replaces)
        neighbours.refuse_overrides(there)
        if there is not None:
            self._refuse_missed(self._users(neighbours, there, pack), "replace it")

    def _users(self, neighbours: Neighbours, there: Pack, pack: Pack) -> list[Use]:
        """Who uses objects that go, unless another layer has an object to take their place."""
        stay = keys_of(pack)
        gone = {kind: keys - stay.get(kind, set()) for kind, keys in keys_of(there).items()}
        users = uses_of(self.task.client, gone, keys_of(there))
        return [use for use in users if use.key not in neighbours.overridden(use.kind)]

    def _refuse_missed(self, users: t.Sequence[Use], verb: str) -> None:
        if not users:
            return
        told = "; ".join(map(str, users[:_TOLD]))
        told += f"; and {len(users) - _TOLD} more" if len(users) > _TOLD else ""
        if not self.task.options["force"]:
            raise UsageError(
                f"content pack {self.name}: objects of it that would go are in use: {told}. Set force: true "
                f"to {verb} anyway; what uses them is then not available"
            )
        self.warnings.append(f"content pack {self.name}: objects of it that were in use go: {told}")

    def _changed_secrets(self, diff: PackDiff) -> dict[tuple[str, str], Object]:
        """Secure params whose clear value differs from the one the server has sealed, as far as it tells."""
        changed = {}
        for (kind, key), wanted in diff.sealed.items():
            there = unseal(self.task.client, kind, key, list(wanted))
            differing = {name: wanted[name] for name in there if not same_json(there[name], wanted[name])}
            if differing:
                changed[kind, key] = differing
        return changed

    # -- what is said after it

    def _result(
        self, action: str, there: Pack | None, pack: Pack | None, sides: tuple[Object, Object]
    ) -> Result:
        header = f"content pack {self.name}"
        before, after = sides
        result: Result = {
            "changed": action != "unchanged",
            "action": action,
            "name": self.name,
            "diff": {"before": before, "after": after, "before_header": header, "after_header": header},
        }
        if there is not None and result["changed"]:
            result["previous_version"] = there["meta"].get("Version") or ""
        if pack is not None:
            result["version"] = pack["meta"].get("Version") or ""
            result["counts"] = counts(pack)
            result["errors"] = []
        if self.warnings:
            result["warnings"] = self.warnings
        return result

    def _stored(self, pack: Pack, summary: Summary, result: Result) -> Result:
        """The result with what the server made of the pack, looked up only if it has complaints at all."""
        result["counts"] = dict(summary["Counts"])
        result["warnings"] = self.warnings
        try:
            self._warn_of_loss(pack)
            if summary.get("Warnings") != []:
                self._judge(result, unusable(self.task.client, pack))
        except DrpError as error:
            told = without_values("; ".join(error.messages))
            self.warnings.append(f"content pack {self.name} is stored, but could not be looked at: {told}")
        if not self.warnings:
            del result["warnings"]
        return result

    def _warn_of_loss(self, pack: Pack) -> None:
        """A member that the server does not know is lost without a word, be it newer or misspelt."""
        lost = dropped(contents.get_item(self.task.client, self.name), pack)
        if lost:
            self.warnings.append(
                f"content pack {self.name}: the server does not know, and has dropped, {', '.join(lost)}"
            )

    def _judge(self, result: Result, problems: list[str]) -> Result:
        result["errors"] = problems
        if not problems:
            return result
        more = f"; and {len(problems) - _TOLD} more, see errors" if len(problems) > _TOLD else ""
        told = f"objects of it are not available: {'; '.join(problems[:_TOLD])}{more}"
        if self.task.options["require_available"]:
            result.update(failed=True, msg=f"content pack {self.name} is stored, but {told}")
        else:
            self.warnings.append(f"content pack {self.name}: {told}")
        return result
