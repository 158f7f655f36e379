"""How reporters are answered: what is told, to whom, once. No channel; ``connectors.replies`` runs
it, and the channels' ``reply`` modules hand the words to the platforms.
"""
