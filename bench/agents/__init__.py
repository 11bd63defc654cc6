"""Measures the lifecycle of agents with Chowder, with plain Docker and with `openclaw fleet`, and reports the results."""
