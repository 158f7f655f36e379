"""Saving the copies of attachments for an operator who fills in LAPOR's form by hand."""

import asyncio
import os
from pathlib import Path

from deliver.attachments import AttachmentState
from deliver.desk import Desk
from deliver.passing_on import file_name
from deliver.rows import LedgerRow
from gateway.blobs import make_blobs
from gateway.sealing import load_opener
from gateway.settings import ConfigFile, SealingSettings


async def save_copies(config: ConfigFile, desk: Desk, row: LedgerRow, directory: Path) -> int:
    """Write every copy that may leave the house; how many. It stands in the history.

    Raises:
        GatewayFault: the store is away, or no key opens it.
    """
    blobs = make_blobs(config)
    opener = load_opener(config.load(SealingSettings).private_key_dir)
    saved = 0
    for file in desk.ledger.attachments.of(row.complaint_id):
        if file.copy_sha256 is None or file.state is AttachmentState.WITHHELD:
            continue
        sealed = await blobs.get(f"copy/{file.copy_sha256}")
        content = opener.open_bytes(sealed.decode("ascii"))
        await asyncio.to_thread(_write, directory / f"{row.reference}-{file_name(file)}", content)
        saved += 1
    if saved:
        desk.files_saved(row, saved)
    return saved


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
