"""How the gateway is put together to run: containers, settings, and a LAPOR! look-alike."""
