"""Answers by SMS: one module for every kind of gateway that takes them."""
