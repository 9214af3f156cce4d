"""The few numbers of the judgement, with their reasons. docs/anomalies.md has them as a table.

Lengths in windows, not minutes, so that hourly windows are judged by as many values as those of a minute.
"""

THRESHOLD = 5.0
"""Robust standard deviations. Of normal noise, one window in 3.5 million is beyond it on a side; of a Laplace
distribution, whose scale is told by its tail (TAIL), one in 15,000, which is less than one in a week of minutes."""
GOING_ON = 3.0
"""What an incident that has begun needs to go on: a drop does not end where noise takes one of its windows back up."""
SUMS = (1, 3)
"""Windows that are judged together: one for what is plain at once, three for what is within three minutes."""
LONG_SUM = 15
"""A longer sum for sparse series: one event in a minute can fall to nothing for less and be within its noise."""
DAYS_TO_JUDGE = 7
"""Before, weekdays cannot be told apart, and no judgement is made."""
HISTORY_DAYS = 28
"""Four of each weekday; also within the 30 days that the stream keeps its windows."""
FIT_HOURS = 6
"""A baseline holds for a quarter of a day of event time, and is of the windows before: so a restart finds the same."""
BIN_SECONDS = 900
"""The profile's step; between the middles of bins it is a straight line."""
LEVEL_WINDOWS = 60
"""What the present level is told by: at one event a minute its own noise is 13 %, and it follows within an hour."""
LEVEL_GAP = LONG_SUM
"""The newest windows that tell no level: none of them may be part of what is judged."""
LEVEL_PRIOR_EVENTS = 10.0
"""Events as the profile expects them that are added to both sides: few events alone move the level little."""
QUIET_WINDOWS = 15
"""An incident ends when so many windows in a row are usual; what comes before that belongs to it (the cool-down)."""
LONGEST_HOURS = 24
"""An incident that lasts longer, and twice ADOPTED_WINDOWS at least, is a new level: it ends, and its end is usual."""
ADOPTED_WINDOWS = LEVEL_WINDOWS + LEVEL_GAP
"""How much of the end of such an incident tells the new level."""
TAIL = 0.995
"""The quantile of the past by which heavy tails widen the scale: of seven days of minutes 50 are beyond it on a side,
so half an hour that nobody has marked as an anomaly does not set it."""
FAR = 2 * THRESHOLD
"""What sums in the past are left out of the scale, marked or not."""
TAIL_OF_NORMAL = 2.576
"""The same quantile of the normal distribution."""
MAD_OF_NORMAL = 1.4826
"""Turns a median absolute deviation into a standard deviation of normal noise."""
MOST_SCORE = 1_000.0
"""No score is told that is further from zero: beyond, it says how still the past was, not how odd the present is."""
RELATIVE_FLOOR = 0.01
"""Least scale of what is measured, as a share of the size of its values: a constant series has no deviation at all."""
