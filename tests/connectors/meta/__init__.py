"""Tests of the Meta channel; see tests/__init__.py."""
