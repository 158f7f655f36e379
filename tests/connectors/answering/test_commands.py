"""What operators see and do: list, show, resend; also while the process runs."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.replies import EXIT_NOT_DONE
from normalizer.outcome import ReplyState
from tests.connectors.answering.making import NAME, PHONE, WORDS, receipt
from tests.connectors.answering.office import Office


async def test_a_failed_answer_is_seen_and_sent_again_while_the_process_runs(
    office: Office,
) -> None:
    office.clock.at = datetime.now(UTC)
    office.platform.moods.append("blocked")
    async with office.answering():
        event = await office.complain()
        await office.told(1)
        (row,) = await office.rows("--state", "failed")
        assert row["reference"] == event.reference
        assert (row["kind"], row["round"], row["reason"]) == ("received", 1, "credentials")
        done = await office.command(
            "resend", event.reference, "--note", "kata sandi diperbaiki", "--by", "op-1"
        )
        assert done.returncode == 0, done.stderr
        assert "putaran 2" in done.stdout
        _catch_up(office)
        _, second = await office.told(2)
    assert (second.round, second.state) == (2, ReplyState.SENT)
    assert event.reference in office.platform.texts_to(PHONE)[0]
    assert await office.rows() == []
    shown = await office.command("show", str(event.complaint_id))
    assert "kata sandi diperbaiki" in shown.stdout
    assert "op-1" in shown.stdout
    assert "credentials" in shown.stdout
    for secret in (PHONE, NAME, WORDS):
        assert secret not in shown.stdout


async def test_what_the_cap_or_the_hour_held_back_an_operator_may_send(office: Office) -> None:
    office.clock.at = datetime.now(UTC) - timedelta(hours=48)
    office.write("daily_cap = 1")
    async with office.answering():
        await office.complain()
        await office.told(1)
        event = await office.complain()
        await office.told(2)
        assert [row["reason"] for row in await office.rows()] == ["daily_cap"]
        office.clock.advance(hours=48)
        await office.complain()
        await office.told(3)
        done = await office.command("resend", event.reference, "--note", "pelapor menelepon")
        assert done.returncode == 0, done.stderr
        _catch_up(office)
        await office.told(4)
    assert len(office.platform.taken) == 3


async def test_what_is_not_done_is_said_with_its_reason(office: Office) -> None:
    office.clock.at = datetime.now(UTC)
    nobody = await office.command("list")
    assert (nobody.returncode, "belum pernah berjalan" in nobody.stderr) == (EXIT_NOT_DONE, True)
    async with office.answering():
        event = await office.complain()
        await office.told(1)
        strange = await office.command("show", "NGW-26-00000000")
        assert (strange.returncode, "tidak ada" in strange.stderr) == (EXIT_NOT_DONE, True)
        sent = await office.command("resend", event.reference, "--note", "x")
        assert (sent.returncode, "--kind" in sent.stderr) == (EXIT_NOT_DONE, True)
        early = await office.command("resend", event.reference, "--kind", "entered", "--note", "x")
        assert (early.returncode, "belum masuk LAPOR!" in early.stderr) == (EXIT_NOT_DONE, True)
        office.platform.always = "away"
        waiting = await office.complain()
        await office.enter(receipt(waiting))
        again = await office.command(
            "resend", event.reference, "--kind", "received", "--note", "minta lagi"
        )
        assert again.returncode == 0
        twice = await office.command(
            "resend", event.reference, "--kind", "received", "--note", "minta lagi"
        )
        assert (twice.returncode, "menunggu" in twice.stderr) == (EXIT_NOT_DONE, True)
        listed = await office.command("list", "--state", "waiting")
        assert "menunggu" in listed.stdout
        office.platform.always = "well"
        _catch_up(office)
        outcomes = await office.told(4)
    # The first answer came too late to be of use: the second held LAPOR!'s number already.
    assert [one.reason for one in outcomes if one.reason] == ["superseded"]
    assert len(office.platform.taken) == 3


def _catch_up(office: Office) -> None:
    """Commands have the wall's clock; the process is told that it is later now."""
    office.clock.advance(hours=1)


@pytest.mark.parametrize("arguments", [("resend", "NGW-26-00000000"), ("list", "--state", "x")])
async def test_what_cannot_be_understood_is_refused(
    office: Office, arguments: tuple[str, ...]
) -> None:
    done = await office.command(*arguments)
    assert done.returncode == 2
