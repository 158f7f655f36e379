"""Tests of the mail channel; see tests/__init__.py."""
