"""Turns one raw item into one complaint event: pure functions, no input or output."""
