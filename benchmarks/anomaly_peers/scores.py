"""Run by the peers' own Python: the scores of both detectors for every series on standard input, as JSON.

SPOT (Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017) and RRCF (Guha et al., "Robust
random cut forest based anomaly detection on streams", ICML 2016), each with the package's defaults and with larger
windows and forests; on the values, and on their differences to the season before, which is what ours knows too.
"""

import json
import random
import sys
import warnings
from typing import Any

import numpy as np

warnings.simplefilter("ignore")


def variants() -> dict[str, Any]:
    """Each way of running each detector."""
    from streamad.model import RrcfDetector, SpotDetector

    return {
        "SPOT default": lambda: SpotDetector(),
        "SPOT window 200": lambda: SpotDetector(window_len=200),
        "SPOT probability 0.001": lambda: SpotDetector(prob=1e-3, window_len=200),
        "RRCF default": lambda: RrcfDetector(),
        "RRCF 20 trees of 128": lambda: RrcfDetector(num_trees=20, tree_size=128, window_len=64),
    }


def seasonal_differences(values: list[float], season: int) -> list[float]:
    """To the value a season before."""
    return [values[place] - values[max(place - season, place % season)] for place in range(len(values))]


def scores(make: Any, values: list[float]) -> list[float]:
    """One score a value; 0 where the detector gives none yet."""
    random.seed(1)
    np.random.seed(1)
    detector = make()
    given = [detector.fit_score(np.array([value])) for value in values]
    return [0.0 if score is None or not np.isfinite(score) else float(score) for score in given]


def main() -> None:
    """Read series, write scores by series, variant and whether the season was taken out."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, told in json.load(sys.stdin).items():
        for variant, make in variants().items():
            for what in ("values", "differences"):
                values = told["values"] if what == "values" else seasonal_differences(told["values"], told["season"])
                found.setdefault(name, {})[f"{variant}, {what}"] = scores(make, values)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
