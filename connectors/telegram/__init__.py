"""Telegram: a bot that people write to, in private or in a group where they address it.

Manual: Telegram Bot API 9 ("Getting updates", "Message", "getFile", "sendMessage",
"getWebhookInfo"). Its types and calls come from python-telegram-bot; what receives is ours.

One item, as the webhook brings it and as ``getUpdates`` lists it::

    {"update_id": 700000001,
     "message": {"message_id": 12, "date": 1772414130,
                 "chat": {"id": 5000000001, "type": "private", "first_name": "Sri"},
                 "from": {"id": 5000000001, "is_bot": false, "first_name": "Sri"},
                 "text": "Lampu jalan depan pasar padam"}}
"""
