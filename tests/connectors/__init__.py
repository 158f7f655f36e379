"""The channels, each under its own name."""
