"""What the stages need inside the servers: principals with least privilege, topics, the index template, the tables.

Every step is idempotent; `./millrace up` runs all of them against its own servers, and the `bootstrap` service of
docker-compose.yml against the containers.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from config.errors import MillraceError
from config.secret_settings import SecretSettings
from utilities.bootstrap.elasticsearch import prepare_elasticsearch
from utilities.bootstrap.kafka import prepare_local_kafka, prepare_source_kafka
from utilities.bootstrap.mongodb import prepare_mongodb
from utilities.bootstrap.postgres import prepare_postgres
from utilities.erasure.forgotten_list import synchronise_list

logger = logging.getLogger(__name__)

STEPS: dict[str, Callable[[SecretSettings], None]] = {
    "source-kafka": prepare_source_kafka,
    "kafka": prepare_local_kafka,
    "mongodb": prepare_mongodb,
    "postgres": prepare_postgres,
    "elasticsearch": prepare_elasticsearch,
}


def bootstrap(secrets: SecretSettings, skip: set[str]) -> None:
    """Prepare every server but those in `skip`; raises MillraceError naming what was refused."""
    steps = [step for name, step in STEPS.items() if name not in skip]
    with ThreadPoolExecutor(max_workers=len(STEPS)) as pool:
        for future in [pool.submit(step, secrets) for step in steps]:
            future.result()
    _list_forgotten({"kafka", "postgres"} - skip)


def _list_forgotten(prepared: set[str]) -> None:
    """Of two servers that are prepared one by one, the first finds the other without the list."""
    if not prepared:
        return
    try:
        synchronise_list()
    except MillraceError as error:
        if len(prepared) == 2:
            raise
        logger.warning("the list of forgotten visitors is not on the bus: prepare kafka and postgres reason=%s", error)
