"""Calls: what telephone systems tell, and the one item that comes of it."""
