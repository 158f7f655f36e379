"""Tests of the call center; see tests/__init__.py."""
