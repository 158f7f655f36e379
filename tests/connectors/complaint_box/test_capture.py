"""What is captured of social media, files beside a slip, and calls that the telephone shows."""

import io
from collections.abc import Mapping

import pytest
from aiohttp import FormData

from connectors.complaint_box.links import canonical, is_link
from connectors.complaint_box.web.uploads import MAX_FILE_BYTES, MAX_FILES
from normalizer.draft import SenderKind, SourceRef
from normalizer.event import Channel, Relation, ReplyPath
from tests.connectors.complaint_box.clerk_site import OURS, SLIP, ClerkSite

LINK = "https://m.facebook.com/groups/warga/posts/4711/?fbclid=abc&mibextid=x"
POST: Mapping[str, str] = {
    "draft_id": SLIP["draft_id"],
    "source": "social_capture",
    "received_on": "9/11/2026",
    "post_url": LINK,
    "handle": "sri.rejeki.contoh",
    "text": "Jalan Desa Babadan Kec. Paron rusak, tolong diperbaiki",
}
PNG = b"\x89PNG\r\n\x1a\n" + b"gambar"


async def send(
    clerk: ClerkSite, fields: Mapping[str, str], files: Mapping[str, bytes] | None = None
) -> tuple[int, str]:
    form = FormData({**fields, "csrf": await clerk.csrf()}, default_to_multipart=True)
    for name, content in (files or {}).items():
        form.add_field("files", io.BytesIO(content), filename=name, content_type="image/png")
    response = await clerk.client.post("/petugas/", data=form, headers=OURS, allow_redirects=False)
    return response.status, await response.text()


@pytest.mark.parametrize(
    ("link", "same"),
    [
        (LINK, "https://facebook.com/groups/warga/posts/4711"),
        ("http://www.facebook.com/groups/warga/posts/4711", "https://facebook.com/groups/warga/posts/4711"),
        ("https://x.com/contoh/status/1?s=20&t=2#a", "https://x.com/contoh/status/1?t=2"),
        ("https://www.facebook.com/story.php?story_fbid=1&id=2", "https://facebook.com/story.php?id=2&story_fbid=1"),
    ],
)  # fmt: skip
def test_one_post_has_one_address(link: str, same: str) -> None:
    assert canonical(link).replace("&s=20", "").replace("s=20&", "") == same


NO_LINKS = [
    "facebook.com/a",
    "javascript:alert(1)",
    "https://",
    "a b",
    "https://a.id/x y",
    "http://[::1",
]


@pytest.mark.parametrize("text", NO_LINKS)
def test_what_is_no_link(text: str) -> None:
    assert not is_link(text)


async def test_a_post_is_captured_with_its_screenshot(clerk: ClerkSite) -> None:
    status, _ = await send(clerk, POST, {"layar.png": PNG, "dua.png": PNG + b"2"})
    assert status == 303
    (draft,) = clerk.door.drafts
    assert draft.channel is Channel.SOCIAL_CAPTURE
    assert (draft.sender.kind, draft.sender.address) == (SenderKind.HANDLE, "sri.rejeki.contoh")
    assert draft.reply_path is None
    assert [(one.media_id, one.content, one.name) for one in draft.attachments] == [
        ("part:1", PNG, "layar.png"),
        ("part:2", PNG + b"2", "dua.png"),
    ]
    assert b"facebook" in draft.raw


async def test_two_clerks_who_find_one_post_make_one_complaint(clerk: ClerkSite) -> None:
    await send(clerk, POST)
    again = {
        **POST,
        "draft_id": "0b7c7f0e-7a54-4f6e-9a56-2b3f0f5a1c99",
        "post_url": "https://www.facebook.com/groups/warga/posts/4711?ref=share",
        "text": "Jalan Desa Babadan  Kec. Paron rusak,\ntolong diperbaiki",
    }
    await send(clerk, again)
    await send(clerk, {**again, "text": "Komentar lain di unggahan yang sama"})
    one, two, three = clerk.door.drafts
    assert one.source_id == two.source_id != three.source_id


async def test_a_broken_link_is_told_and_nothing_is_lost(clerk: ClerkSite) -> None:
    status, page = await send(clerk, {**POST, "post_url": "facebook.com/x"}, {"a.png": PNG})
    assert status == 422
    assert "Tempel tautan lengkap" in page
    assert "Pilih lagi lampirannya" in page
    assert POST["text"] in page
    assert clerk.door.items == []


async def test_files_make_another_complaint_of_the_same_words(clerk: ClerkSite) -> None:
    await send(clerk, SLIP)
    await send(clerk, SLIP, {"a.png": PNG})
    await send(clerk, SLIP, {"a.png": PNG})
    ids = [draft.source_id for draft in clerk.door.drafts]
    assert ids[0] != ids[1] == ids[2]


async def test_too_many_and_too_large_files_are_told(clerk: ClerkSite) -> None:
    many = {f"{number}.png": PNG for number in range(MAX_FILES + 1)}
    status, page = await send(clerk, SLIP, many)
    assert (status, "Paling banyak 5 lampiran" in page) == (422, True)
    status, page = await send(clerk, SLIP, {"besar.png": b"x" * (MAX_FILE_BYTES + 1)})
    assert (status, "lebih besar dari 12 MB" in page) == (422, True)
    assert clerk.door.items == []


async def test_a_call_that_the_telephone_shows_is_filled_in_and_joined(clerk: ClerkSite) -> None:
    query = "?panggilan=1763.42&akun=pbx&nomor=081200009001"
    page = await (await clerk.get(f"/{query}")).text()
    assert 'value="1763.42"' in page
    assert 'value="081200009001"' in page
    typed = {
        **SLIP, "source": "call_center", "box": "", "phone": "081200009001",
        "call_id": "1763.42", "call_account": "pbx",
    }  # fmt: skip
    assert (await send(clerk, typed))[0] == 303
    (draft,) = clerk.door.drafts
    assert (draft.channel, draft.account) == (Channel.CALL_CENTER, "pbx")
    assert draft.relates_to == SourceRef(source_id="1763.42", relation=Relation.REPLY_TO)
    assert draft.source_id != "1763.42"
    assert draft.reply_path == ReplyPath(address="+6281200009001")


@pytest.mark.parametrize(
    "changed", [{"call_id": "a b"}, {"call_account": "<x>"}, {"source": "letter"}]
)
async def test_a_call_that_is_none_is_an_ordinary_slip(
    clerk: ClerkSite, changed: Mapping[str, str]
) -> None:
    typed = {**SLIP, "source": "call_center", "box": "", "call_id": "7", "call_account": "pbx"}
    assert (await send(clerk, {**typed, **changed}))[0] == 303
    (draft,) = clerk.door.drafts
    assert draft.relates_to is None
    assert draft.account == "kantor"
