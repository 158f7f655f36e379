"""The proof for Pasal 6(2): counts at the sources, what is missing by name, days that stay shut."""
