"""X: payloads, proofs, and a server that speaks X's API."""
