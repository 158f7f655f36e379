"""An album arrives as one message for each picture, and is one complaint."""

from dataclasses import replace

from normalizer.draft import Draft, Gathering


def join_album(gathering: Gathering) -> Draft:
    """One draft: all captions in the album's order, all files; the rest is the first message's.

    Telegram does not tell how many messages an album has, so that none is known to be missing.
    """
    drafts = [piece.draft for piece in gathering.pieces]
    captions = [draft.text_raw for draft in drafts if draft.text_raw]
    return replace(
        drafts[0],
        source_id=gathering.item_id,
        raw=b"[" + b",".join(draft.raw for draft in drafts) + b"]",
        # The same caption under every picture is one text.
        text_raw="\n".join(dict.fromkeys(captions)) or None,
        attachments=tuple(file for draft in drafts for file in draft.attachments),
        relates_to=next((draft.relates_to for draft in drafts if draft.relates_to), None),
    )
