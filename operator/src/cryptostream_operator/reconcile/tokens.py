"""Which tokens of an InfluxDB are made, kept and removed: one for each stream that is stored there. Pure.

InfluxDB tells the value of a token once. So the token comes first and its Secret after it; a token without a Secret is
known by its description and removed. To rotate one, delete its Secret.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from cryptostream.core.resource.rights import BucketRight
from cryptostream.core.resource.store_spec import Managed, StoreSpec
from cryptostream_operator.reconcile.observed_store import InfluxSeen, KnownToken, ObservedStore
from cryptostream_operator.reconcile.values import Action, Live, MakeToken, Ref, RemoveToken, text
from cryptostream_operator.render import names, secret
from cryptostream_operator.render.site import Owner

_PREFIX: Final = "cryptostream"


def tokens(seen: ObservedStore, store: StoreSpec, influx: InfluxSeen) -> Iterator[Action]:
    """What has to be done about tokens."""
    known = {each.id for each in influx.tokens}
    held = {_token_id(live) for _, live in _secrets(seen) if live is not None}
    for stream, live in _secrets(seen):
        if live is None or _token_id(live) not in known or text(live, "token") is None:
            yield _make(seen, store, stream)
    for each in influx.tokens:
        if each.id not in held and _is_ours(seen, store, each):
            yield RemoveToken(seen.resource.ref, each.id, "no stream uses it")


def kept(seen: ObservedStore) -> Iterator[dict[str, Any]]:
    """The Secrets of streams as they have to be, with the tokens that they hold."""
    for stream, live in _secrets(seen):
        value = None if live is None else text(live, "token")
        if live is not None and value is not None:
            yield secret.store(stream, seen.owner.name, value, _token_id(live), seen.ca)


def secrets(seen: ObservedStore) -> tuple[Live, ...]:
    """The Secrets of streams that are there."""
    return tuple(live for _, live in _secrets(seen) if live is not None)


def _secrets(seen: ObservedStore) -> Iterator[tuple[Owner, Live | None]]:
    """Each stream with its Secret; one that belongs to somebody else is not looked at."""
    for each in seen.streams:
        stream = Owner("CryptoStream", each.ref.namespace, each.ref.name, each.uid)
        yield stream, seen.child("Secret", names.store_secret(stream.name))


def _make(seen: ObservedStore, store: StoreSpec, stream: Owner) -> MakeToken:
    buckets = (store.buckets.raw.name, store.buckets.enriched.name)
    return MakeToken(
        ref=Ref("v1", "Secret", stream.namespace, names.store_secret(stream.name)),
        stream=stream,
        store=seen.owner.name,
        description=f"{_PREFIX} {seen.resource.uid} {stream.uid} {stream.namespace}/{stream.name}",
        rights=tuple(BucketRight(name, read=True, write=True) for name in buckets),
        ca=seen.ca,
        reason="the stream has no token that InfluxDB knows",
    )


def _is_ours(seen: ObservedStore, store: StoreSpec, token: KnownToken) -> bool:
    """Somebody else's InfluxDB may serve other clusters too: there, only what this very store has made."""
    words = token.description.split(" ")
    own_only = not isinstance(store.instance, Managed)
    return words[0] == _PREFIX and len(words) == 4 and (not own_only or words[1] == seen.resource.uid)


def of_store(seen: ObservedStore, influx: InfluxSeen) -> Iterable[KnownToken]:
    """All tokens that this store has made."""
    return (each for each in influx.tokens if each.description.startswith(f"{_PREFIX} {seen.resource.uid} "))


def _token_id(live: Live) -> str:
    return str(live.manifest["metadata"].get("annotations", {}).get(names.TOKEN, ""))
