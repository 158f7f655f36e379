"""The operators' commands, a file each."""
