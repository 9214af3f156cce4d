"""Millrace's servers as supervised processes on loopback: `python -m utilities.local_servers up|down|status|logs`."""
