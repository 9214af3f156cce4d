"""Labelled series that ship in packages, and two published detectors, in an environment of their own."""
