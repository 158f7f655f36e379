"""X (Twitter): direct messages and mentions of our handle, by webhook.

Manuals (docs.x.com): "Webhooks", "X Activity API" and its predecessor "Account Activity API",
whose payloads are of version 1.1. Answers: "Manage Direct Messages", "Manage Posts".

One item, as the Account Activity API posts it::

    {"for_user_id": "4337395098",
     "direct_message_events": [
       {"type": "message_create", "id": "958501034212564996", "created_timestamp": "1517359429301",
        "message_create": {"target": {"recipient_id": "4337395098"}, "sender_id": "272953809",
                           "message_data": {"text": "Jalan Desa Babadan rusak"}}}],
     "users": {"272953809": {"id": "272953809", "name": "Sri Rejeki Contoh",
                             "screen_name": "sri_contoh"}}}
"""
