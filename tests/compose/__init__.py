"""Tests of what the gateway is put together with."""
