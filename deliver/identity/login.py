"""Who sits at the terminal: an account of the people store, proved by its password."""

from deliver.identity.opening import custodian
from gateway.auth import AuthSettings, LoginRefused, People, User
from gateway.errors import GatewayFault
from gateway.log.factory import made_data_dir
from gateway.settings import ConfigFile

#: Attempts at the terminal are counted like those of the pages from this machine.
_ADDRESS = "127.0.0.1"


class NotProven(GatewayFault):
    """The account is not proved. Reaction: tell the person; nothing was opened."""

    #: sysexits EX_NOPERM.
    exit_code = 77


def prove_custodian(config: ConfigFile, login: str, password: str) -> User:
    """The person behind a login, who may open identities. Blocks: Argon2.

    Raises:
        NotProven: unknown, wrong, disabled or too often; nobody is told which.
        NotAllowed: proved, but no custodian.
    """
    people = People(made_data_dir(config), config.load(AuthSettings))
    try:
        session, token = people.log_in(login, password, _ADDRESS)
        # The proof is for this one command.
        people.log_out(token)
    except LoginRefused as refused:
        wait = f"; coba lagi setelah {refused.wait_seconds} detik" if refused.wait_seconds else ""
        raise NotProven(f"nama pengguna atau kata sandi salah{wait}") from None
    finally:
        people.close()
    custodian(session.user)
    return session.user
