"""One folder per channel: how a platform's items arrive and how they are read."""
