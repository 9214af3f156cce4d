"""Whoever registers, clicks and buys: made by Faker, the same for the same seed."""

import random
from dataclasses import dataclass

from faker import Faker

LOCALES = {
    "en_GB": "GB",
    "de_DE": "DE",
    "fr_FR": "FR",
    "it_IT": "IT",
    "es_ES": "ES",
    "en_US": "US",
}
NEWCOMERS_FROM = 1_000_000
"""Numbers of users who register in a run; those who were there before have lower ones."""


@dataclass(frozen=True)
class Person:
    """A user and the client that it comes with."""

    user_id: str
    name: str
    email: str
    age: int
    city: str
    country: str
    user_agent: str
    ip_address: str


class People:
    """The users of a shop: `known` of them from the beginning; who registers is one of them from then on."""

    def __init__(self, seed: int, known: int, rng: random.Random) -> None:
        self._rng = rng
        self._fakers = {locale: Faker(locale) for locale in LOCALES}
        for number, faker in enumerate(self._fakers.values()):
            faker.seed_instance(f"{seed}:{number}")
        ages = random.Random(f"people {seed}")
        self._people = [self._made(str(1_000 + number), ages) for number in range(known)]
        # Those of this run differ from those of the last one, which had the same seed.
        for number, faker in enumerate(self._fakers.values()):
            faker.seed_instance(f"{rng.random()}:{number}")

    def register(self) -> Person:
        """Somebody new, who is among the users from now on."""
        person = self._made(str(NEWCOMERS_FROM + self._rng.randrange(10**12)), self._rng)
        self._people.append(person)
        return person

    def somebody(self) -> Person:
        """One of the users; a few come often."""
        return self._people[int(len(self._people) * self._rng.random() ** 2)]

    def _made(self, user_id: str, rng: random.Random) -> Person:
        locale = rng.choice(list(LOCALES))
        faker = self._fakers[locale]
        return Person(
            user_id=user_id,
            name=faker.name(),
            email=f"{user_id}.{faker.ascii_safe_email()}",
            age=min(max(round(rng.gauss(38, 14)), 14), 95),
            city=faker.city(),
            country=LOCALES[locale],
            user_agent=faker.user_agent(),
            ip_address=faker.ipv6() if rng.random() < 0.05 else faker.ipv4_public(),
        )
