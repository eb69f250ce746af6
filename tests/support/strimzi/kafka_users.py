"""Users of the real Kafka: SCRAM credentials and access lists. Each call returns when Kafka has done it."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from tests.support.strimzi.kafka_faults import ASKED, WAITED

ITERATIONS = 4096
_PREFIX = "User:"
# Strimzi leaves alone who is everybody, and who has no name.
_NOBODY = frozenset({"*", "ANONYMOUS"})


class KafkaUsers:
    """The users of the broker that `client` is connected with."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client
        self._known: dict[str, bytes] = {}

    def names(self) -> set[str]:
        """Everybody who has a password or is named in an access list, as Kafka calls them."""
        listed = {each.principal.removeprefix(_PREFIX) for each in self.acls(None)}
        return (listed | self._with_password()) - _NOBODY

    def set_password(self, name: str, password: str | None) -> None:
        """Give the user this password, or none; one that was given already is not given again."""
        there = name in self._with_password()
        if password is None:
            self._known.pop(name, None)
            if there:
                self._alter(UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512))
            return
        digest = sha256(password.encode()).digest()
        if not there or self._known.get(name) != digest:
            info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
            self._alter(UserScramCredentialUpsertion(name, info, password.encode()))
            self._known[name] = digest

    def set_acls(self, name: str, wanted: set[AclBinding]) -> None:
        """Make these the user's access lists."""
        there = self.acls(f"{_PREFIX}{name}")
        if wanted - there:
            _done(self._client.create_acls([*(wanted - there)], request_timeout=ASKED))
        if there - wanted:
            gone = [_filter(each) for each in there - wanted]
            _done(self._client.delete_acls(gone, request_timeout=ASKED))

    def acls(self, principal: str | None) -> set[AclBinding]:
        """The access lists of a principal, of everybody if it is None."""
        anything: Any = None
        asked = AclBindingFilter(
            ResourceType.ANY,
            anything,
            ResourcePatternType.ANY,
            principal or anything,
            anything,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        found: Iterable[AclBinding] = self._client.describe_acls(asked, request_timeout=ASKED).result(WAITED)
        return {*found}

    def _with_password(self) -> set[str]:
        asked: Any = self._client.describe_user_scram_credentials(request_timeout=ASKED)
        return {*asked.result(WAITED)}

    def _alter(self, change: UserScramCredentialDeletion | UserScramCredentialUpsertion) -> None:
        _done(self._client.alter_user_scram_credentials([change], request_timeout=ASKED))


def _filter(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation, acl.permission_type
    )


def _done(futures: Mapping[Any, Any]) -> None:
    for each in futures.values():
        each.result(WAITED)
