"""SP4N-LAPOR!: the system of record. ``mapping.py`` is the only file with its field names."""
