"""With which window an incident was found: what a reader of the incidents afterwards cannot see."""

from collections.abc import Iterator

from anomalies.calendar import Calendar
from anomalies.incident import Incident, Role
from anomalies.judgement import Stretch
from anomalies.parameters import LONG_SUM
from anomalies.quantity import Quantity
from anomalies.series import SeriesJudge, in_memory


def found(
    whole: Stretch, quantity: Quantity, role: Role, calendar: Calendar, least_scale: float
) -> Iterator[tuple[Incident, int]]:
    """The incidents of a series, each with the first window at whose end it was there."""
    judge, again = (SeriesJudge(quantity, role, calendar, least_scale) for _ in range(2))
    incidents = judge.judged(in_memory(whole), whole.first, whole.end, [])
    for number, incident in enumerate(incidents):
        yield incident, _found_at(again, whole, incidents[:number], incident)


def _found_at(judge: SeriesJudge, whole: Stretch, before: list[Incident], incident: Incident) -> int:
    for end in range(incident.first + 1, incident.first + LONG_SUM + 2):
        read = in_memory(Stretch(whole.first, whole.values[: end - whole.first]))
        if len(judge.judged(read, incident.first, end, before)) > len(before):
            return end - 1
    return incident.last
