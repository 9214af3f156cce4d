"""The judge under way: windows as they close, incidents, and whoever is told of them."""

import logging
from zoneinfo import ZoneInfo

from anomalies.delivery import Delivery
from anomalies.desk import Desk
from anomalies.settings import AnomalySettings
from anomalies.store import AnomalyStore
from kafka.signals import stop_on_signals
from spark.warehouse import WarehouseLogin

logger = logging.getLogger(__name__)

COMMAND = "anomalies"


def run(follow: bool) -> None:
    """Judge all windows that are closed, or with `follow` those that will be too; raises a MillraceError."""
    settings = AnomalySettings.load()
    stop = stop_on_signals()
    login = WarehouseLogin(
        settings.postgres_host,
        settings.postgres_port,
        settings.postgres_db,
        settings.postgres_stream_user,
        settings.postgres_stream_password,
        settings.anomaly_outage_seconds,
        COMMAND,
    )
    desk = Desk(ZoneInfo(settings.business_time_zone), settings.anomaly_series, settings.anomaly_silence_seconds)
    with AnomalyStore(login) as store:
        delivery = Delivery(settings, store)
        try:
            while not stop.is_set():
                new, is_more = store.transaction(desk.judge)
                if new:
                    logger.info("found unusual windows incidents=%d", len(new))
                delivery.tell()
                if not is_more and not follow:
                    break
                if not is_more:
                    stop.wait(settings.anomaly_interval_seconds)
        finally:
            delivery.close()
