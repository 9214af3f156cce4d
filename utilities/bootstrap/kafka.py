"""Topics and ACLs of both clusters."""

import logging

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from config.principals import KafkaPrincipals, SourcePrincipals
from config.secret_settings import SecretSettings
from config.settings import KafkaSettings, SourceKafkaSettings
from kafka.client import explain
from kafka.feeds.declaration import feeds_beside_main
from utilities.bootstrap.kafka_acls import apply, forget_topic
from utilities.bootstrap.kafka_grants import local_grants, source_grants
from utilities.bootstrap.kafka_topics import our_topics, prepare_topics

logger = logging.getLogger(__name__)

ADMIN = "admin"


def prepare_source_kafka(secrets: SecretSettings) -> None:
    """ACLs of the stand-in for the remote cluster; its topic is created by whoever fills it."""
    source = SourceKafkaSettings.load()
    grants = source_grants(source, SourcePrincipals.load())
    config = source.source_client_as(ADMIN, secrets.source_admin_password)
    _tell(apply(config, grants, {source.source_topic}, f"setting ACLs at {source.source_brokers}"))


def prepare_local_kafka(secrets: SecretSettings) -> None:
    """ACLs and topics of our own; the main topic is created by the mirror, with the source's partitions."""
    local = KafkaSettings.load()
    feeds = feeds_beside_main()
    grants = local_grants(local, KafkaPrincipals.load(), feeds)
    config = local.client_as(ADMIN, secrets.kafka_admin_password)
    doing = f"setting up topics and ACLs at {local.kafka_brokers}"
    try:
        prepare_topics(AdminClient(dict(config)), our_topics(local, feeds), local.kafka_replication, doing)
    except KafkaException as error:
        raise explain(error, doing) from error
    own = {local.destination_topic, local.dead_letter_topic}
    own |= {topic for feed in feeds for topic in (feed.topic, feed.dead_letter_topic)}
    _tell(apply(config, grants, own, doing))


def forget_local_topic(secrets: SecretSettings, topic: str) -> int:
    """Remove the rights of our applications on a topic of former settings; returns how many ACLs there were."""
    local = KafkaSettings.load()
    config = local.client_as(ADMIN, secrets.kafka_admin_password)
    return forget_topic(config, topic, f"removing ACLs on {topic} at {local.kafka_brokers}")


def _tell(removed: int) -> None:
    if removed:
        logger.info("removed ACLs that no setting asks for any more acls=%d", removed)
