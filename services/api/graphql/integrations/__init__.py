"""Integrations: the sources of events."""
