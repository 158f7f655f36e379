"""Complaints by e-mail: mailboxes are polled over IMAP, answers go out over SMTP.

Manuals: RFC 3501 and 9051 (IMAP4), RFC 2177 (IDLE), RFC 6851 (MOVE), RFC 5322 and 2045 to 2049
(message and MIME), RFC 3834 (automatic responses), Google's "XOAUTH2 Protocol".

One item, as it lies in the mailbox::

    From: Sri Rejeki Contoh <sri@contoh.example>
    To: aduan@ngawi.example
    Subject: Jalan berlubang di Desa Babadan
    Date: Mon, 02 Mar 2026 08:15:30 +0700
    Message-ID: <20260302.1@contoh.example>
    Content-Type: text/plain; charset=utf-8

    Jalan desa Babadan kec. Paron berlubang sejak Senin, mohon diperbaiki.
"""
