"""Reading a topic for its numbers: records as strange as the mirror meets them."""

from kafka.dead_letters.letter import REPLAY_HEADER
from kafka.partition_reader import read_record
from kafka.position import BusPosition
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER, recorded_ms
from tests.mock_cluster import MockCluster
from utilities.lineage.way import replayed_position
from utilities.reconciliation.bus_records import read_records


def test_a_header_name_that_is_not_utf8_hides_no_record() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        cluster.produce("views", 0, b"1", b"k", [(b"caf\xe9", b"v")])
        cluster.produce("views", 0, b"2", b"k", [(REPLAY_HEADER.encode(), b"views:00000:0000000000000000000")])
        found = read_records(cluster.client, "views")[0]
        assert (list(found.offsets), list(found.replayed)) == ([0, 1], [1])
        position = BusPosition("views", 0, 0)
        assert replayed_position(read_record(cluster.client, position)) is None
        assert replayed_position(read_record(cluster.client, position._replace(offset=1))) is not None


def test_a_header_with_our_name_that_another_wrote_ends_nothing() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        cluster.produce("views", 0, b"1", b"k", [(REPLAY_HEADER.encode(), b"caf\xe9")])
        cluster.produce("views", 0, b"2", b"k", [(ORIGINAL_TIMESTAMP_HEADER.encode(), b"9" * 4_301)])
        cluster.produce("views", 0, b"3", b"k", [(ORIGINAL_TIMESTAMP_HEADER.encode(), "\u0664\u0662".encode())])
        assert list(read_records(cluster.client, "views")[0].offsets) == [0, 1, 2]
        for offset in (1, 2):
            record = read_record(cluster.client, BusPosition("views", 0, offset))
            assert record is not None
            assert recorded_ms(record) == record.timestamp()[1]
