"""Wire samples of platforms, run through their connectors; see ``make samples``."""
