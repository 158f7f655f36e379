"""Tests mirror the packages; servers are real and started once per session."""
