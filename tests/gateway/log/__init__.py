"""Tests of this part; see tests/__init__.py."""
