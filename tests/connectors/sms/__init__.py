"""SMS accounts of every dialect."""
