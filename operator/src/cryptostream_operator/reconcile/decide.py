"""Desired against live: what to apply, delete and keep, each with its reason. Pure.

Secret data never stands in a reason: it is told that it differs, not how.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from cryptostream_operator.reconcile.drift import drift
from cryptostream_operator.reconcile.values import Action, Apply, Delete, Keep, Live, Manifest, Ref, ref_of
from cryptostream_operator.render.names import RENDERED

ABSENT: Final = "it is not there"
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
    stamped = stamp(manifest)
    if found is None:
        return Apply(ref, stamped, ABSENT)
    difference = drift(manifest, found.manifest)
    if difference is not None:
        return Apply(ref, stamped, _told(manifest, difference))
    if drift(stamped, found.manifest) is not None:
        return Apply(ref, stamped, "a field is no longer wanted")
    return Keep(ref)


def stamp(manifest: Manifest) -> Manifest:
    """The same with a digest of all its fields but secret ones: what is left out later is no difference otherwise."""
    shown = {name: value for name, value in manifest.items() if name not in _SECRET_FIELDS}
    digest = sha256(msgspec.json.encode(shown, order="deterministic")).hexdigest()[:16]
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), RENDERED: digest}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def _unwanted(wanted: Mapping[Ref, Manifest], live: Iterable[Live], because: Mapping[str, str]) -> Iterator[Delete]:
    for each in live:
        if each.ref not in wanted and "deletionTimestamp" not in each.manifest.get("metadata", {}):
            yield Delete(each.ref, each.uid, because.get(each.ref.kind, "nothing asks for it any more"))


def _told(manifest: Manifest, difference: str) -> str:
    field = difference.split(" ", 1)[0]
    if manifest["kind"] == "Secret" and field.startswith(_SECRET_FIELDS):
        return f"{field} differs"
    return difference
