"""Tests of how reporters are answered."""
