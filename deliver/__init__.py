"""Writes every complaint event into the system of record, once, and proves it."""
