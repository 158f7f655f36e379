"""A real Dovecot with one mailbox: IMAP in clear and over TLS, passwords and XOAUTH2."""

import getpass
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imapclient import IMAPClient

from tests.servers import ServerMissing, free_ports
from tests.servers.process import ServerProcess

USER = "aduan@ngawi.example"
PASSWORD = "sandi-surel-uji"

_PROGRAM = "/usr/sbin/dovecot"
# It is up in half a second; a machine that is busy needs several times that.
_START_SECONDS = 30.0

_CONFIG = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal_user}
default_login_user = {login_user}
default_internal_group = {internal_group}
first_valid_uid = 1
mail_uid = {mail_user}
mail_gid = {mail_group}
mail_location = maildir:{directory}/mail/%u
mail_home = {directory}/home/%u
# Another client's flags are seen by IDLE at once, also without inotify.
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 100
ssl = yes
ssl_cert = <{directory}/cert.pem
ssl_key = <{directory}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login{more_mechanisms}
# 2 s by default before a wrong password is answered.
auth_failure_delay = 0
# A worker pool that is asked before it is up refuses for a minute.
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {directory}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={directory}/home/%u
}}
"""
_OAUTH_PASSDB = """\
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {directory}/oauth2.conf
}}
"""
_OAUTH_CONFIG = """\
introspection_mode = post
introspection_url = {introspection_url}
username_attribute = username
active_attribute = active
active_value = true
"""


class Dovecot:
    """A Dovecot as a child process. It keeps its ports and its mail over stop and start."""

    def __init__(self, directory: Path, introspection_url: str | None = None) -> None:
        self.directory = directory
        self.port, self.tls_port = free_ports(2)
        self.cert = directory / "cert.pem"
        self._maildir = directory / "mail" / USER
        self._process: ServerProcess | None = None
        for name in ("run", "state", "mail", "home"):
            (directory / name).mkdir()
        as_root = os.geteuid() == 0
        me = getpass.getuser()
        mail_user = "nobody" if as_root else me
        if as_root:
            for name in ("mail", "home"):
                shutil.chown(directory / name, "nobody", "nogroup")
        group = "nogroup" if as_root else str(os.getegid())
        config = _CONFIG + (_OAUTH_PASSDB if introspection_url else "")
        (directory / "users").write_text(f"{USER}:{PASSWORD}::::::\n", encoding="utf-8")
        (directory / "oauth2.conf").write_text(
            _OAUTH_CONFIG.format(introspection_url=introspection_url), encoding="utf-8"
        )
        (directory / "dovecot.conf").write_text(
            config.format(
                directory=directory,
                internal_user="dovecot" if as_root else me,
                login_user="dovenull" if as_root else me,
                internal_group="dovecot" if as_root else str(os.getegid()),
                mail_user=mail_user,
                mail_group=group,
                port=self.port,
                tls_port=self.tls_port,
                more_mechanisms=" xoauth2" if introspection_url else "",
            ),
            encoding="utf-8",
        )
        _make_certificate(directory)

    def start(self) -> None:
        """Start and wait until somebody can log in."""
        command = [_PROGRAM, "-F", "-c", str(self.directory / "dovecot.conf")]
        self._process = ServerProcess(command, self.directory / "output.log", self.directory)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.exit_code() is not None:
                raise ServerMissing(f"Dovecot ended at start:\n{self._last_words()}")
            with suppress(OSError, IMAPClient.Error), self.client():
                return
            time.sleep(0.05)
        raise ServerMissing(f"Dovecot let nobody in:\n{self._last_words()}")

    def stop(self) -> None:
        """A clean shutdown: every client is told BYE."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """Another person's mail program, with INBOX open."""
        # 30 s: on this host it answers in milliseconds.
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=30) as client:
            client.login(USER, PASSWORD)
            client.select_folder("INBOX")
            yield client

    def append(self, *mails: bytes, folder: str = "INBOX") -> list[int]:
        """Deliver mails; their UIDs."""
        with self.client() as client:
            answers = [client.append(folder, mail) for mail in mails]
        # "[APPENDUID <uidvalidity> <uid>] Append completed"
        return [int(answer.split(b"]")[0].split()[-1]) for answer in answers]

    def drop_in(self, name: str, mail: bytes) -> None:
        """Deliver a mail as a mail server does: bytes that no IMAP client could have sent."""
        target = self._maildir / "new" / name
        fresh = self._maildir / "tmp" / name
        fresh.write_bytes(mail)
        shutil.chown(fresh, self._maildir.owner(), self._maildir.group())
        fresh.rename(target)

    def files(self) -> list[Path]:
        """The files of the mails in INBOX."""
        return [path for name in ("new", "cur") for path in (self._maildir / name).iterdir()]

    def folder(self, name: str) -> Path:
        """Where the mails of another folder lie."""
        return self._maildir / f".{name}"

    def forget_uids(self) -> None:
        """As after a restored backup: the same mails, another UIDVALIDITY. Only while stopped."""
        assert self._process is None
        for file in self._maildir.glob("dovecot*"):
            if not file.name.startswith("dovecot-keywords"):
                file.unlink()

    def _last_words(self) -> str:
        files = (self.directory / "output.log", self.directory / "dovecot.log")
        return "\n".join(f.read_text(errors="replace")[-2000:] for f in files if f.exists())


@contextmanager
def running_dovecot(introspection_url: str | None = None) -> Iterator[Dovecot]:
    """A started Dovecot of one's own.

    ``introspection_url``: who is asked about XOAUTH2 tokens (RFC 7662); without, passwords only.

    Raises:
        ServerMissing: it is not installed or does not start.
    """
    if shutil.which(_PROGRAM) is None:
        raise ServerMissing("no Dovecot: apt-get install dovecot-imapd")
    # Not pytest's folder: its own users must get in, and sockets have short names only.
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        dovecot = Dovecot(directory, introspection_url)
        try:
            dovecot.start()
            yield dovecot
        finally:
            dovecot.stop()


def trusting(cert: Path) -> ssl.SSLContext:
    """A context that trusts this server's own certificate and no other."""
    return ssl.create_default_context(cafile=str(cert))


def _make_certificate(directory: Path) -> None:
    if shutil.which("openssl") is None:
        raise ServerMissing("no openssl: apt-get install openssl")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
