"""Setting ACLs, and removing those of ours that no setting asks for any more.

An ACL does not say who made it. So each principal that gets rights here also gets a mark, the right to describe the
group `millrace.principal`, which is nobody's; whoever has the mark is or was an application of ours. Others' ACLs,
those that deny, and those for one host are never touched. Of ours are removed

- on the topics that are this installation's alone, what is not granted now, whoever of ours has it;
- of the principals of the settings, what is not granted now on any resource that is granted to some extent;
- of principals of former settings, the shared rest (groups, transactional ids, the topic of offsets) and the mark, once
  they have no right on any other topic: another installation on this cluster may still use that name.

Rights on a topic of former settings stay, because several generations of the topic may be read side by side, until
`bootstrap --former-topic` names it.
"""

import time
from collections.abc import Set
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import explain
from utilities.bootstrap.kafka_grants import DESCRIBE, GROUP, TOPIC, allow

MARK = "millrace.principal"
PROPAGATION_SECONDS = 30.0
ANY_NAME: Any = None  # which the client's own types do not allow for
ALL_ACLS = AclBindingFilter(
    ResourceType.ANY,
    ANY_NAME,
    ResourcePatternType.ANY,
    ANY_NAME,
    ANY_NAME,
    AclOperation.ANY,
    AclPermissionType.ANY,
)

Acls = Set[AclBinding]


def apply(config: ClientConfig, grants: Acls, own_topics: Set[str], doing: str) -> int:
    """Set ACLs, remove stale ones, and return how many these were when every broker goes by the new ones."""
    wanted = grants | marks(grants)
    admin = AdminClient(dict(config))
    try:
        for future in admin.create_acls(sorted(wanted, key=str)).values():
            future.result()
        for broker in str(config["bootstrap.servers"]).split(","):
            _wait_until_known(AdminClient({**config, "bootstrap.servers": broker}), wanted, doing)
        stale = stale_acls(known_acls(admin), wanted, own_topics)
        _remove(admin, stale)
    except KafkaException as error:
        raise explain(error, doing) from error
    return len(stale)


def forget_topic(config: ClientConfig, topic: str, doing: str) -> int:
    """Remove every right of ours on a topic of former settings; returns how many there were."""
    admin = AdminClient(dict(config))
    try:
        known = known_acls(admin)
        ours = {acl.principal for acl in known if _is_mark(acl)}
        gone = {acl for acl in known if _is_plain(acl) and acl.principal in ours and _is_topic(acl, {topic})}
        _remove(admin, gone)
    except KafkaException as error:
        raise explain(error, doing) from error
    return len(gone)


def marks(grants: Acls) -> set[AclBinding]:
    """The mark of each principal."""
    names = {str(acl.principal).removeprefix("User:") for acl in grants}
    return {mark for name in names for mark in allow(name, GROUP, MARK, DESCRIBE)}


def stale_acls(known: Acls, wanted: Acls, own_topics: Set[str]) -> set[AclBinding]:
    """What of `known` is ours and not in `wanted`; `own_topics` are those that no other installation uses."""
    current = {acl.principal for acl in wanted}
    former = {acl.principal for acl in known if _is_mark(acl)} - current
    shared = {_resource(acl) for acl in wanted} | {_resource(acl) for acl in marks(wanted)}
    left = {acl for acl in known if _is_plain(acl) and acl not in wanted}
    stale = {acl for acl in left if acl.principal in current | former and _is_topic(acl, own_topics)}
    stale |= {acl for acl in left if acl.principal in current and _resource(acl) in shared}
    for principal in former:
        rest = {acl for acl in left - stale if acl.principal == principal}
        if not any(acl.restype == TOPIC and _resource(acl) not in shared for acl in rest):
            stale |= {acl for acl in rest if _resource(acl) in shared}
    return stale


def known_acls(admin: AdminClient) -> set[AclBinding]:
    """Every ACL of the cluster."""
    return set(admin.describe_acls(ALL_ACLS, request_timeout=PROPAGATION_SECONDS).result())


def _remove(admin: AdminClient, acls: Acls) -> None:
    exact = [
        AclBindingFilter(
            acl.restype,
            acl.name,
            acl.resource_pattern_type,
            acl.principal,
            acl.host,
            acl.operation,
            acl.permission_type,
        )
        for acl in sorted(acls, key=str)
    ]
    for future in admin.delete_acls(exact).values() if exact else []:
        future.result()


def _is_plain(acl: AclBinding) -> bool:
    return bool(acl.permission_type == AclPermissionType.ALLOW and acl.host == "*")


def _is_mark(acl: AclBinding) -> bool:
    return bool(acl.restype == GROUP and acl.name == MARK and _is_plain(acl))


def _is_topic(acl: AclBinding, names: Set[str]) -> bool:
    is_literal = acl.resource_pattern_type == ResourcePatternType.LITERAL
    return bool(acl.restype == TOPIC and is_literal and acl.name in names)


def _resource(acl: AclBinding) -> tuple[str, str, str]:
    return str(acl.restype), str(acl.name), str(acl.resource_pattern_type)


def _wait_until_known(admin: AdminClient, bindings: Acls, doing: str) -> None:
    """Brokers learn of new ACLs one after the other: what one allows, another may refuse for a moment.

    A client that was just made knows of no other broker than the one of its address, and asks that.
    """
    deadline = time.monotonic() + PROPAGATION_SECONDS
    while not bindings <= known_acls(admin):
        if time.monotonic() > deadline:
            raise UnavailableError(f"{doing}: a broker does not know the new ACLs after {PROPAGATION_SECONDS:.0f} s")
        time.sleep(0.1)
