"""The socket: contracts, wires, drivers, the front door. Knows no platform and no LAPOR."""
