"""Intake over HTTP: events are checked, handed to the broker, and answered when it has confirmed. One file a format."""
