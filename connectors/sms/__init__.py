"""SMS from gateways and aggregators that call us over HTTP, each in its own dialect.

Manuals: Kannel 1.4.5 User's Guide, "SMS-service" and "SMS Push"; Jasmin, "HTTP API"; Twilio,
"Messaging webhooks" and "Validate requests"; Infobip, "Receive inbound SMS messages"; Vonage,
"Inbound SMS" and "Signing messages"; Africa's Talking, "SMS notifications"; Bird, "Receiving
messages" and "Verifying a webhook subscription"; Plivo, "Handling incoming messages"; Clickatell,
"One API client callbacks"; gammu-smsd-run(7). Every other aggregator fits the ``generic`` dialect,
whose field names are settings; an SMPP line comes through Kannel or Jasmin.

One item, as Kannel sends it::

    GET /sms/desa?from=%2B6281200001111&to=1708&text=Lampu+jalan+padam&coding=0&charset=UTF-8
        &ts=2026-03-02+01:15:30&id=6f0c2f9e-0d3b-4a5e-9a53-3f5f4f0c7b21&udh=
"""
