# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A content pack on the server: there as it is wanted, or not there."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client.errors import ApiError, Conflict, DrpError, NotFound, UsageError
from ...client.objects.names import require_storable_pack_name
from ...client.objects.secure import unseal
from ...client.packs import contents
from ...client.packs.contents import Summary
from ...client.packs.diff import PackDiff, compare, dropped_members
from ...client.packs.pack import Object, Pack, counts
from ...client.patch import same_json
from ...converge.task import Result, Task, failure
from .clear_secrets import refuse_clear_secrets
from .requirements import OtherLayers, require_features, require_prerequisites
from .show import View, outline, secret_texts
from .source import load
from .usage import Use, keys_of, unavailable, uses_of, without_values

MAX_TRIES = 4
_MAX_LISTED = 10
_EMPTY_PACK: Pack = {"meta": {}, "sections": {}}
_DASH_ERROR = "bad character U+002D"


def run(task: Task) -> Result:
    """What ``drp_content`` does."""
    options = task.options
    pack = (
        load(options, task.client.transport.environment)
        if options.get("src") or options.get("content")
        else None
    )
    name = str(pack["meta"]["Name"] if pack else options.get("name") or "")
    if pack and options.get("content"):
        task.secrets.update(secret_texts(pack))
    content = _Content(task, name)
    try:
        if options["state"] == "absent":
            return content.absent()
        if pack is None:
            raise UsageError("src: must be set to the location of the content pack, unless content is set")
        return content.present(pack)
    except ApiError as error:
        error.messages = [without_values(message) for message in error.messages]
        result = failure(error)
        hint = ' (in a template, a param whose name has a dash is {{.Param "its-name"}})'
        result["msg"] = f"content pack {name}: {result['msg']}" + (
            hint if _DASH_ERROR in result["msg"] else ""
        )
        return result


class _PackChanged(Exception):
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
        """The pack is there as given; changes by other clients meanwhile are read again."""
        for attempt in range(MAX_TRIES):
            try:
                return self._present(pack)
            except _PackChanged as stale:
                if attempt + 1 == MAX_TRIES:
                    raise stale.error from stale
        raise AssertionError("the last try returns or raises")

    def absent(self) -> Result:
        layers = contents.summaries(self.task.client)
        if self._uploaded_summary(layers) is None:
            return self._result("unchanged", None, None, ({}, {}))
        current = contents.get_item(self.task.client, self.name)
        uses = self._uses_of_removed(OtherLayers(self.task.client, current, layers), current, _EMPTY_PACK)
        self._refuse_in_use(uses, "remove it")
        if not self.task.check:
            contents.delete(self.task.client, self.name)
        return self._result("deleted", current, None, (outline(current), {}))

    def _present(self, pack: Pack) -> Result:
        self.warnings = []
        client = self.task.client
        layers = contents.summaries(client)
        current = contents.get_item(client, self.name) if self._uploaded_summary(layers) else None
        diff = compare(current or _EMPTY_PACK, pack, from_server=current is not None)
        diff.sealed = self._changed_secrets(diff)
        if current is not None and not diff and not diff.sealed:
            result = self._result("unchanged", current, pack, ({}, {}))
            check_available = self.task.options["require_available"] and not self.task.check
            return self._report_problems(result, unavailable(client, pack)) if check_available else result
        self._check_before_write(pack, current, layers)
        sides = View(client, (current, pack)).sides(diff) if current else ({}, outline(pack))
        result = self._result("updated" if current else "created", current, pack, sides)
        return result if self.task.check else self._stored_result(pack, self._write(pack, current), result)

    def _uploaded_summary(self, layers: t.Sequence[Summary]) -> Summary | None:
        """The summary of the pack; UsageError when the name is that of a layer that is no upload."""
        if not self.name:
            raise UsageError("name: must be set to the name of the content pack")
        layer = next((layer for layer in layers if layer["meta"]["Name"] == self.name), None)
        if layer and layer["meta"]["Type"] != contents.UPLOADED:
            raise UsageError(
                f"content pack {self.name}: it is a built-in layer of the server, of the type "
                f"{layer['meta']['Type']}; it can be neither replaced nor removed"
            )
        return layer

    def _write(self, pack: Pack, current: Pack | None) -> Summary:
        client, replaces = self.task.client, self.task.options["replace_writable"]
        try:
            if current is None:
                return contents.create(client, pack, replaces)
            return contents.replace(client, pack, replaces)
        except Conflict as error:
            if current is None:
                raise _PackChanged(error) from error
            raise
        except NotFound as error:
            raise _PackChanged(error) from error

    # -- what is looked at before a write

    def _check_before_write(self, pack: Pack, current: Pack | None, layers: t.Sequence[Summary]) -> None:
        """UsageError for what the server would refuse, and for what others would miss."""
        client, options = self.task.client, self.task.options
        require_features(client, pack)
        require_storable_pack_name(client, self.name, str(pack["meta"].get("Version") or ""))
        if not options["force"]:
            self.warnings += require_prerequisites(client, pack, layers)
        replaces = options["replace_writable"] and contents.supports_replace_writable(client)
        other_layers = OtherLayers(client, pack, layers, replaces)
        other_layers.refuse_overrides(current)
        refuse_clear_secrets(self.task, pack)
        if current is not None:
            self._refuse_in_use(self._uses_of_removed(other_layers, current, pack), "replace it")

    def _uses_of_removed(self, other_layers: OtherLayers, current: Pack, pack: Pack) -> list[Use]:
        """Who uses objects that go, unless another layer has an object to take their place."""
        stay = keys_of(pack)
        gone = {kind: keys - stay.get(kind, set()) for kind, keys in keys_of(current).items()}
        uses = uses_of(self.task.client, gone, keys_of(current))
        return [use for use in uses if use.key not in other_layers.overridden(use.kind)]

    def _refuse_in_use(self, uses: t.Sequence[Use], verb: str) -> None:
        if not uses:
            return
        details = "; ".join(map(str, uses[:_MAX_LISTED]))
        details += f"; and {len(uses) - _MAX_LISTED} more" if len(uses) > _MAX_LISTED else ""
        if not self.task.options["force"]:
            raise UsageError(
                f"content pack {self.name}: objects that would be removed are in use: {details}. Set force: "
                f"true to {verb} anyway; the objects that use them become unavailable"
            )
        self.warnings.append(f"content pack {self.name}: removes objects that were in use: {details}")

    def _changed_secrets(self, diff: PackDiff) -> dict[tuple[str, str], Object]:
        """Secure params whose clear value differs from the one the server has sealed, as far as it tells."""
        changed = {}
        for (kind, key), wanted in diff.sealed.items():
            current = unseal(self.task.client, kind, key, list(wanted))
            differing = {name: wanted[name] for name in current if not same_json(current[name], wanted[name])}
            if differing:
                changed[kind, key] = differing
        return changed

    # -- what is said after it

    def _result(
        self, action: str, current: Pack | None, pack: Pack | None, sides: tuple[Object, Object]
    ) -> Result:
        header = f"content pack {self.name}"
        before, after = sides
        result: Result = {
            "changed": action != "unchanged",
            "action": action,
            "name": self.name,
            "diff": {"before": before, "after": after, "before_header": header, "after_header": header},
        }
        if current is not None and result["changed"]:
            result["previous_version"] = current["meta"].get("Version") or ""
        if pack is not None:
            result["version"] = pack["meta"].get("Version") or ""
            result["counts"] = counts(pack)
            result["errors"] = []
        if self.warnings:
            result["warnings"] = self.warnings
        return result

    def _stored_result(self, pack: Pack, summary: Summary, result: Result) -> Result:
        """The result with what the server made of the pack, looked up only if it has complaints at all."""
        result["counts"] = dict(summary["Counts"])
        result["warnings"] = self.warnings
        try:
            self._warn_dropped_members(pack)
            if summary.get("Warnings") != []:
                self._report_problems(result, unavailable(self.task.client, pack))
        except DrpError as error:
            details = without_values("; ".join(error.messages))
            self.warnings.append(f"content pack {self.name} is stored, but could not be checked: {details}")
        if not self.warnings:
            del result["warnings"]
        return result

    def _warn_dropped_members(self, pack: Pack) -> None:
        """A member that the server does not know is lost silently, whether it is newer or misspelt."""
        dropped = dropped_members(contents.get_item(self.task.client, self.name), pack)
        if dropped:
            self.warnings.append(
                f"content pack {self.name}: the server does not know these members and dropped them: "
                f"{', '.join(dropped)}"
            )

    def _report_problems(self, result: Result, problems: list[str]) -> Result:
        result["errors"] = problems
        if not problems:
            return result
        more = f"; and {len(problems) - _MAX_LISTED} more, see errors" if len(problems) > _MAX_LISTED else ""
        details = f"objects of it are not available: {'; '.join(problems[:_MAX_LISTED])}{more}"
        if self.task.options["require_available"]:
            result.update(failed=True, msg=f"content pack {self.name} is stored, but {details}")
        else:
            self.warnings.append(f"content pack {self.name}: {details}")
        return result
