"""Telephone calls: what a PBX or a cloud telephone system tells of them, one item for each call.

Manuals: Twilio, "Voice webhooks", "TwiML <Record>"; Asterisk, "Hangup handlers"; FreeSWITCH,
"mod_json_cdr". Every other system fits the ``generic`` dialect, whose field names are settings.

The events of one call come in any order, twice, or not at all; they are gathered and joined. One
event, as ``docs/examples/pintu-call`` posts it::

    {"call_id": "1772414130.42", "event": "ended", "from": "081200009001", "time": "1772414330",
     "talk_seconds": "200"}
"""
