"""Tests of the normalizer: tables of cases, and properties over any input."""
