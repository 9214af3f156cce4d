"""How many documents Elasticsearch holds, by place on the bus."""

from elasticsearch import ApiError, Elasticsearch

from config.operator_logins import SearchReaderSettings
from config.settings import ElasticsearchSettings
from kafka.sinks.elasticsearch_marks import ElasticsearchMarks
from kafka.sinks.sink import BusLog, StoreMark
from utilities.stores.search import search_client

NO_INDEX = 404


def count_indexed(
    settings: SearchReaderSettings,
    until: dict[tuple[str, int], int],
    alias: str = ElasticsearchSettings.elasticsearch_alias,
) -> dict[tuple[str, int], int]:
    """Documents of each (topic, partition) whose offset is below its value in `until`.

    Raises AccessError or UnavailableError as one line.
    """
    with search_client(settings, settings.elasticsearch_reader_user, settings.elasticsearch_reader_password) as client:
        client.indices.refresh(index=alias, ignore_unavailable=True)
        return {key: _count(client, alias, *key, offset) for key, offset in until.items()}


def indexed_marks(settings: SearchReaderSettings, topic: str) -> dict[int, StoreMark]:
    """How far each partition is indexed, as Elasticsearch itself has it."""
    with search_client(settings, settings.elasticsearch_reader_user, settings.elasticsearch_reader_password) as client:
        return ElasticsearchMarks(client, settings.elasticsearch_url).read(BusLog(topic, ""))


def all_indexed_marks(settings: SearchReaderSettings) -> dict[tuple[str, int], StoreMark]:
    """As `indexed_marks`, of every topic that was ever indexed: by topic and partition."""
    with search_client(settings, settings.elasticsearch_reader_user, settings.elasticsearch_reader_password) as client:
        return ElasticsearchMarks(client, settings.elasticsearch_url).read_all()


def _count(client: Elasticsearch, alias: str, topic: str, partition: int, until: int) -> int:
    conditions = [
        {"term": {"kafka.topic": topic}},
        {"term": {"kafka.partition": partition}},
        {"range": {"kafka.offset": {"lt": until}}},
    ]
    try:
        return int(client.count(index=alias, query={"bool": {"filter": conditions}})["count"])
    except ApiError as error:
        if error.status_code == NO_INDEX:
            return 0
        raise
