"""The operators' pages on the internal port. They work without JavaScript; with it they refresh."""
