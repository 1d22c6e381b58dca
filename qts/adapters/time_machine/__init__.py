"""Recorded days played again, each as a market of its own beside the live one. See docs/time-machine.md.

Whatever runs here knows neither Django nor the database, and every name it writes in Valkey begins with `qts:replay:`.
"""
