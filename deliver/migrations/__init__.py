"""The ledger's schema, forwards only: a new version adds, an old one is never taken back."""
