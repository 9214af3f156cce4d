"""`python -m utilities.bootstrap [--only SERVER ...]`: prepare servers that `./millrace up` did not start."""

import argparse
import sys

from config.command_line import run_command
from config.errors import ConfigurationError
from config.secret_settings import SecretSettings
from config.settings import KafkaSettings
from kafka.feeds.declaration import feeds_beside_main
from utilities.bootstrap import STEPS, bootstrap
from utilities.bootstrap.kafka import forget_local_topic
from utilities.bootstrap.kafka_topics import our_topics


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and prepare the chosen servers; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bootstrap", description="Create users, ACLs, topics, templates and tables.")
    parser.add_argument("--only", nargs="+", choices=sorted(STEPS), help="prepare these servers only (default: all)")
    parser.add_argument(
        "--former-topic",
        metavar="TOPIC",
        help="only remove our applications' rights on a local topic of former settings",
    )
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    if options.former_topic:
        local = KafkaSettings.load()
        if options.former_topic in {topic.name for topic in our_topics(local, feeds_beside_main())}:
            raise ConfigurationError("--former-topic", f"{options.former_topic} is in use by the settings")
        removed = forget_local_topic(SecretSettings.load(), options.former_topic)
        print(f"removed {removed} ACLs on {options.former_topic}")
        return
    bootstrap(SecretSettings.load(), skip=set(STEPS) - set(options.only or STEPS))


if __name__ == "__main__":
    sys.exit(main())
