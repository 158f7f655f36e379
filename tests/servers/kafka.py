"""A real Kafka: the one you name, else one in Docker, else one on this machine's Java."""

import base64
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.servers import ServerMissing, free_ports
from tests.servers.process import ServerProcess

# 4.4 changed the storage format; 4.3.1 is what production images of this year run.
KAFKA_VERSION = "4.3.1"
_HERE = Path(__file__).parent
_CACHE = _HERE.parent / ".cache"
# A cold broker needs 3 to 5 s on two cores; a CI machine that is busy needs several times that.
_START_SECONDS = 90.0
# A small heap and no second compiler: the node lives for a minute on two cores.
_JVM = (
    "-Xms128m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ActiveProcessorCount=2",
    "-Xshare:auto",
    f"-Dlog4j2.configurationFile={_HERE / 'kafka-log4j2.xml'}",
)
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://127.0.0.1:{proxy}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs={data}
num.network.threads=2
num.io.threads=2
auto.create.topics.enable=false
offsets.topic.replication.factor=1
# 50 by default: the main cost of the first consumer.
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# 128 MiB by default, taken at start: more than the heap above can give.
log.cleaner.dedupe.buffer.size=2097152
log.segment.bytes=16777216
# 9 s by default: that long a killed node is refused when it comes back, as its own double.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


class LocalBroker:
    """One KRaft node as a child process. It keeps its ports and its data over kill and start.

    It has two doors: ``bootstrap_servers``, and ``behind_port``, which tells its clients to come
    to ``proxy_port``. A fault proxy that listens there sees all their traffic.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._jars = _jars()
        direct, self.behind_port, self.proxy_port, controller = free_ports(4)
        self.bootstrap_servers = f"127.0.0.1:{direct}"
        self.output = directory / "broker.log"
        self._properties = directory / "server.properties"
        data = directory / "data"
        self._properties.write_text(
            _PROPERTIES.format(
                direct=direct,
                behind=self.behind_port,
                proxy=self.proxy_port,
                controller=controller,
                data=data,
            )
        )
        _format(self._jars, self._properties, data)
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start and wait until it answers Metadata and CreateTopics. Blocks."""
        command = _java(self._jars, "kafka.Kafka", str(self._properties))
        process = self._process = ServerProcess(command, self.output, cwd=self._directory)

        def died() -> None:
            code = process.exit_code()
            if code is not None:
                tail = self.output.read_text(errors="replace")[-3000:]
                raise ServerMissing(f"Kafka ended with code {code} at start:\n{tail}")

        wait_until_ready(self.bootstrap_servers, died)

    @property
    def process(self) -> ServerProcess:
        """The running node, to be suspended and resumed."""
        if self._process is None:
            raise ServerMissing("the broker was not started")
        return self._process

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def stop(self) -> None:
        """A clean shutdown."""
        if self._process is not None:
            self._process.stop()
            self._process = None


def wait_until_ready(bootstrap_servers: str, died: Callable[[], None] | None = None) -> None:
    """Return when the broker answers Metadata and a CreateTopics that creates nothing.

    An open port is not enough: the controller may still have no leader.
    """
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if died is not None:
            died()
        with suppress(KafkaException):
            # 1 s and 5 s: the first may meet a closed port, the second a controller election.
            client.list_topics(timeout=1.0)
            probe = NewTopic(f"probe-{uuid.uuid4()}", num_partitions=1, replication_factor=1)
            made = client.create_topics([probe], validate_only=True, request_timeout=5.0)
            for future in made.values():
                future.result(10.0)
            return
        if time.monotonic() > deadline:
            raise ServerMissing(
                f"Kafka at {bootstrap_servers} gave no answer in {_START_SECONDS} s"
            )
        time.sleep(0.1)


@contextmanager
def local_broker() -> Iterator[LocalBroker]:
    """A started broker of one's own, which may be killed and restarted."""
    with tempfile.TemporaryDirectory(prefix="kafka-test-") as directory:
        broker = LocalBroker(Path(directory))
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


@contextmanager
def docker_kafka() -> Iterator[str]:
    """The official image of the same version on a free port of this host."""
    from testcontainers.core.container import DockerContainer

    (port,) = free_ports(1)
    container = DockerContainer(f"apache/kafka:{KAFKA_VERSION}").with_bind_ports(9092, port)
    # Any variable of one's own makes the image forget its defaults, so all that matter stand here.
    for name, value in {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }.items():
        container = container.with_env(name, value)
    with container:
        bootstrap_servers = f"127.0.0.1:{port}"
        wait_until_ready(bootstrap_servers)
        yield bootstrap_servers


def docker_answers() -> bool:
    """Whether a Docker engine can be reached from here."""
    if shutil.which("docker") is None:
        return False
    with suppress(subprocess.TimeoutExpired):
        # 10 s: an engine that needs longer for this would fail the tests anyway.
        asked = ["docker", "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(asked, capture_output=True, timeout=10, check=False).returncode == 0
    return False


def _java(jars: Path, *arguments: str) -> list[str]:
    return ["java", *_JVM, "-cp", f"{jars}/*", *arguments]


def _jars() -> Path:
    """The folder with the broker's jars; resolved by Maven once per version and machine."""
    _check_java()
    pom = _HERE / "kafka-pom.xml"
    folder = _CACHE / f"kafka-{KAFKA_VERSION}-lib"
    stamp = folder / ".resolved-from"
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "kafka.lock").open("w") as lock:
        # Two test runs at once must not fill the folder at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return folder
        if shutil.which("mvn") is None:
            raise ServerMissing("no Docker engine and no Maven: apt-get install maven")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(_CACHE / f"kafka-{KAFKA_VERSION}-formatted", ignore_errors=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        _run(["mvn", "-q", "-B", "-f", str(pom), *goal], "Maven could not fetch the broker's jars")
        stamp.write_text(wanted)
    return folder


def _check_java() -> None:
    if shutil.which("java") is None:
        raise ServerMissing("no Docker engine and no Java: apt-get install openjdk-17-jre-headless")
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', answer.stderr)
    # Kafka 4 refuses to start on anything older.
    if found is None or int(found.group(1)) < 17:
        raise ServerMissing("Kafka 4 needs Java 17: apt-get install openjdk-17-jre-headless")


def _format(jars: Path, properties: Path, data: Path) -> None:
    """An empty formatted data folder. Formatting costs a Java start, so a copy is kept."""
    template = _CACHE / f"kafka-{KAFKA_VERSION}-formatted"
    with (_CACHE / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]
            tool = ("kafka.tools.StorageTool", "format", "-t", cluster_id)
            _run(_java(jars, *tool, "-c", str(properties)), "Kafka could not format its storage")
            shutil.copytree(data, template)
        else:
            shutil.copytree(template, data)


def _run(command: Sequence[str], complaint: str) -> None:
    try:
        # 300 s: 43 MB of jars over a slow line.
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        raise ServerMissing(f"{complaint}: no end after 300 s") from None
    if done.returncode != 0:
        raise ServerMissing(f"{complaint}:\n{(done.stdout + done.stderr)[-3000:]}")


def named_kafka() -> str | None:
    """The broker that the environment names, if it does."""
    return os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or None
