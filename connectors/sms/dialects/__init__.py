"""One module per dialect, each with ``verify(account, ...)`` and ``read(account, request)``."""
