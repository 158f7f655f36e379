"""What may leave the house of an attachment: its real type, and a copy that says nothing more.

Here what strangers sent is read, with decoders written in C. That happens in a process of its own
(``apart.py`` starts ``python -m gateway.cleaning``) which holds no key, has bounded memory and
time, and may die without taking anything with it.
"""
