"""SMS from gateways and aggregators that call us over HTTP, each in its own dialect.

Manuals: Kannel 1.4.5 User's Guide, "SMS-service"; Twilio, "Messaging webhooks" and "Validate
requests"; Jasmin, "HTTP API: receiving SMS-MO"; every other aggregator fits the ``generic``
dialect, whose field names are settings.

One item, as Kannel sends it::

    GET /sms/desa?from=%2B6281200001111&to=1708&text=Lampu+jalan+padam&coding=0&charset=UTF-8
        &ts=2026-03-02+01:15:30&id=6f0c2f9e-0d3b-4a5e-9a53-3f5f4f0c7b21&udh=
"""
