"""SANDBOX: a look-alike of the LAPOR! v3 integration API with its own database and faults.

It is not LAPOR! and knows nothing of it beyond what public client code shows. It imports nothing
of the gateway, so that both sides of the wire are never wrong in the same way.
"""

#: Stands on the page, in every JSON answer and on the console.
BANNER = "SANDBOX — bukan LAPOR! yang sebenarnya"
