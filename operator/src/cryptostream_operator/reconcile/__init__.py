"""Observed and desired → actions with reasons, conditions and status. Pure: no I/O, no clock."""
