"""The deliver worker, its ledger and its way into LAPOR, against real servers."""
