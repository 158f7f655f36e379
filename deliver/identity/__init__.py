"""Who complained: opened by a custodian with a reason on record, and erased for good."""
