"""Calls, as telephone systems and cloud providers tell of them: one item for each call.

Manuals: Twilio, "Voice webhooks", "Recording" and "Transcription"; Asterisk, "Hangup Handlers" and
"CDR"; FreeSWITCH, "mod_json_cdr". Whatever can post JSON fits the ``generic`` dialect.

One event, as the ``generic`` dialect expects it::

    {"call_id": "1763.42", "event": "voicemail", "caller": "081200009001", "called": "0351749001",
     "time": "2026-03-02T08:15:30+07:00", "direction": "inbound", "duration": 42,
     "recording_url": "https://pbx.example.go.id/rec/1763.42.wav", "transcription": "Lampu padam"}
"""
