"""Side-by-side measurements: each stage of Millrace and what it is compared with, alternating in one run."""
