"""What a run loads: what has landed since the last one, or again some days, everything, or what was rejected."""

import argparse
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.errors import ConfigurationError
from spark.definitions import ALL, FROM_NOW_ON
from spark.reader import Window
from spark.rules import FIRST_DATE, LAST_DATE

INCREMENTAL, DAYS, FULL_REFRESH, REJECTED_EVENTS = "incremental", "days", "full refresh", "rejected"


@dataclass(frozen=True)
class Scope:
    """`mode` as in etl.run; the days where it is DAYS; the rule, if one is chosen, where it is REJECTED_EVENTS.

    `from_now_on`: what may change of the definitions (spark/definitions.py) does so with this run.
    """

    mode: str = INCREMENTAL
    from_date: date | None = None
    to_date: date | None = None
    rule: str | None = None
    from_now_on: bool = False

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Scope":
        """The scope that the options of the command line ask for; raises ConfigurationError for a contradiction."""
        days = options.from_date or options.to_date
        if sum(map(bool, (days, options.full_refresh, options.replay_rejected))) > 1:
            raise ConfigurationError("--full-refresh", "goes with neither days nor --replay-rejected")
        if options.rule and not options.replay_rejected:
            raise ConfigurationError("--rule", "goes with --replay-rejected")
        if options.from_now_on and (days or options.full_refresh or options.replay_rejected):
            raise ConfigurationError("--from-now-on", "goes with what has landed since, not with loading again")
        if options.full_refresh:
            return cls(FULL_REFRESH)
        if options.replay_rejected:
            return cls(REJECTED_EVENTS, rule=options.rule)
        if days:
            return cls._of_days(options.from_date, options.to_date)
        return cls(from_now_on=options.from_now_on)

    @classmethod
    def _of_days(cls, first: date | None, last: date | None) -> "Scope":
        if first is None or last is None:
            raise ConfigurationError("--from-date", "goes with --to-date; both days are loaded again")
        if first > last:
            raise ConfigurationError("--from-date", f"is after --to-date ({first} > {last})")
        if first < date.fromisoformat(FIRST_DATE) or last > date.fromisoformat(LAST_DATE):
            raise ConfigurationError("--from-date", f"and --to-date lie between {FIRST_DATE} and {LAST_DATE}")
        return cls(DAYS, first, last)

    @property
    def loads_again(self) -> bool:
        """Whether the run takes out what it then loads."""
        return self.mode != INCREMENTAL

    @property
    def redefined(self) -> frozenset[str]:
        """The definitions that may be others than those of what is stored."""
        if self.mode == FULL_REFRESH:
            return ALL
        return FROM_NOW_ON if self.from_now_on else frozenset()

    @property
    def removed_keys(self) -> tuple[int, int]:
        """First and last date_key whose facts are taken out; an empty range where none are."""
        if self.mode == FULL_REFRESH:
            return _date_key(date.fromisoformat(FIRST_DATE)), _date_key(date.fromisoformat(LAST_DATE))
        return (_date_key(self.from_date), _date_key(self.to_date)) if self.from_date and self.to_date else (0, -1)

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day that the run loads; None where it loads all that it reads."""
        return (self.from_date, self.to_date) if self.from_date and self.to_date else None

    def window(self, time_zone: str) -> Window | None:
        """The seconds of the days, None where every event is read."""
        if self.from_date is None or self.to_date is None:
            return None
        zone = ZoneInfo(time_zone)
        bounds = (self.from_date, self.to_date + timedelta(days=1))
        start, end = (int(datetime.combine(day, time(), zone).timestamp()) for day in bounds)
        return start, end


def _date_key(day: date) -> int:
    return int(day.strftime("%Y%m%d"))
