"""Desired against live: what to apply, delete and keep, each with its reason. Pure.

Secret data never stands in a reason: it is told that it differs, not how.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from cryptostream_operator.reconcile.drift import drift
from cryptostream_operator.reconcile.values import Action, Apply, Delete, Keep, Live, Manifest, Ref, ref_of

_SECRET_FIELDS: Final = ("data", "stringData")


def decide(
    desired: Iterable[Manifest], live: Iterable[Live], because: Mapping[str, str] | None = None
) -> tuple[Action, ...]:
    """An action for each desired object and for each live one that is no longer wanted.

    Parameters
    ----------
    desired
        What has to be there: each with the fields that are owned, and no others.
    live
        What is there of the owner's, whether it is wanted or not.
    because
        Why an object is not wanted, by kind; otherwise nothing asks for it any more.
    """
    there = {each.ref: each for each in live}
    wanted = {ref_of(manifest): manifest for manifest in desired}
    kept = tuple(_made(manifest, there.get(ref)) for ref, manifest in wanted.items())
    return (*kept, *_unwanted(wanted, there.values(), because or {}))


def _made(manifest: Manifest, found: Live | None) -> Action:
    ref = ref_of(manifest)
    if found is None:
        return Apply(ref, manifest, "it is not there")
    difference = drift(manifest, found.manifest)
    if difference is None:
        return Keep(ref)
    return Apply(ref, manifest, _told(manifest, difference))


def _unwanted(wanted: Mapping[Ref, Manifest], live: Iterable[Live], because: Mapping[str, str]) -> Iterator[Delete]:
    for each in live:
        if each.ref not in wanted and "deletionTimestamp" not in each.manifest.get("metadata", {}):
            yield Delete(each.ref, each.uid, because.get(each.ref.kind, "nothing asks for it any more"))


def _told(manifest: Manifest, difference: str) -> str:
    field = difference.split(" ", 1)[0]
    if manifest["kind"] == "Secret" and field.startswith(_SECRET_FIELDS):
        return f"{field} differs"
    return difference
