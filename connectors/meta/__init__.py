"""Meta: Messenger and page comments, Instagram, WhatsApp Cloud API, through one webhook of an app.

Manuals: Meta for Developers, "Graph API: Webhooks", "Messenger Platform: Webhook events",
"Webhooks for Pages", "Instagram Platform: Webhooks", "WhatsApp Cloud API: Webhooks".

One item, as WhatsApp sends it, signed with ``X-Hub-Signature-256``::

    {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{
      "field": "messages", "value": {"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "628001708000", "phone_number_id": "106540352242922"},
        "contacts": [{"wa_id": "6281200009001", "profile": {"name": "Sri Rejeki Contoh"}}],
        "messages": [{"from": "6281200009001", "id": "wamid.HBgL", "timestamp": "1772414130",
          "type": "text", "text": {"body": "Lampu jalan padam"}}]}}]}]}
"""
