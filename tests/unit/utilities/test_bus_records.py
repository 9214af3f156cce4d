"""Reading a topic for its numbers: records as strange as the mirror meets them."""

from kafka.dead_letters.letter import BUS, REPLAY_HEADER, Origin, replay_headers
from kafka.partition_reader import read_record
from kafka.position import BusPosition
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER, recorded_ms
from kafka.topics import TopicIdentity
from tests.mock_cluster import MockCluster
from utilities.erasure.bus_truncation import _count
from utilities.reconciliation.bus_records import read_records

OURS = TopicIdentity("cluster", "views", "ours")


def test_a_header_name_that_is_not_utf8_hides_no_record() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        cluster.produce("views", 0, b"1", b"k", [(b"caf\xe9", b"v")])
        cluster.produce("views", 0, b"2", b"k", [(REPLAY_HEADER.encode(), b"views:00000:0000000000000000000")])
        found = read_records(cluster.client, "views", OURS)[0]
        assert (list(found.offsets), list(found.replayed)) == ([0, 1], [1])


def test_a_record_that_another_millrace_replayed_is_mirrored_like_any_other() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        # Both clusters were formatted by one recipe, which names their id.
        for into in (OURS, OURS._replace(topic_id="theirs")):
            marks = replay_headers(Origin(BUS, BusPosition("views", 0, 41)), into)
            headers = [(name.encode(), value if isinstance(value, bytes) else None) for name, value in marks]
            cluster.produce("views", 0, into.topic_id.encode(), b"k", headers)
        on_bus = read_records(cluster.client, "views", OURS)[0]
        assert (list(on_bus.replayed), len(on_bus.contents)) == ([0], 1)
        # At the source, where another Millrace publishes, its replays are records to mirror.
        at_source = read_records(cluster.client, "views")[0]
        assert (list(at_source.replayed), len(at_source.contents)) == ([], 2)
        assert _count(cluster.client, OURS, 0, 0, 2).replayed == 1


def test_a_header_with_our_name_that_another_wrote_ends_nothing() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        cluster.produce("views", 0, b"1", b"k", [(REPLAY_HEADER.encode(), b"caf\xe9")])
        cluster.produce("views", 0, b"2", b"k", [(ORIGINAL_TIMESTAMP_HEADER.encode(), b"9" * 4_301)])
        cluster.produce("views", 0, b"3", b"k", [(ORIGINAL_TIMESTAMP_HEADER.encode(), "\u0664\u0662".encode())])
        assert list(read_records(cluster.client, "views", OURS)[0].offsets) == [0, 1, 2]
        for offset in (1, 2):
            record = read_record(cluster.client, BusPosition("views", 0, offset))
            assert record is not None
            assert recorded_ms(record) == record.timestamp()[1]
