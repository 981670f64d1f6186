"""The program as people and scripts meet it, against real clusters. About 15 s."""

import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

import readers
from ottla_lab import paths, ports, shared, wait_until
from ottla_process import Ottla, flow_file


def run(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(paths.ottla()), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class AloneTest(unittest.TestCase):
    """Without a cluster."""

    def file(self, text: str) -> str:
        folder = tempfile.TemporaryDirectory(prefix="ottla-cli-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "mm2.properties"
        path.write_text(text)
        return str(path)

    def test_version_in_words_and_as_json(self):
        words = run("version")
        self.assertEqual(0, words.returncode)
        self.assertRegex(words.stdout, r"^ottla \d+\.\d+\.\d+ ")
        self.assertEqual(words.stdout, run("--version").stdout)
        version = json.loads(run("version", "--json").stdout)
        self.assertEqual("ottla", version["name"])
        self.assertIn(version["version"], words.stdout)

    def test_wrong_usage_ends_with_2_and_says_what_is_meant(self):
        for arguments, words in (
            (["stauts"], "Did you mean 'status'"),
            (["run"], "FILE"),
            (["run", "/nowhere/mm2.properties"], "/nowhere/mm2.properties"),
            (["status", "--url", "ftp://127.0.0.1"], "ftp"),
            (["mm2.properties"], "ottla run mm2.properties"),
        ):
            with self.subTest(" ".join(arguments)):
                done = run(*arguments)
                self.assertEqual(2, done.returncode, done.stderr)
                self.assertIn(words, done.stderr)

    def test_a_wrong_file_ends_with_2_and_names_each_line(self):
        path = self.file(
            "clusters = A, B\n"
            "A.bootstrap.servers = 127.0.0.1:1\n"
            "B.bootstrap.servers = 127.0.0.1:notaport\n"
            "A->B.enabled = true\n"
            "A->B.topics = orders(\n"
            "replication.factor = many\n"
        )
        done = run("run", path)
        self.assertEqual(2, done.returncode, done.stderr)
        for line, key in ((3, "bootstrap.servers"), (5, "topics"), (6, "replication.factor")):
            self.assertRegex(done.stderr, rf"mm2\.properties:{line}: .*{key}")

    def test_key_material_that_cannot_be_read_ends_with_2(self):
        path = self.file(
            "clusters = A, B\n"
            "A.bootstrap.servers = 127.0.0.1:1\n"
            "A.security.protocol = SSL\n"
            "A.ssl.truststore.location = /nowhere/trust.p12\n"
            "A.ssl.truststore.type = PKCS12\n"
            "B.bootstrap.servers = 127.0.0.1:1\n"
            "A->B.enabled = true\n"
            "ottla.rest.listen = none\n"
        )
        done = run("run", path)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("/nowhere/trust.p12", done.stderr)
        self.assertIn("ssl.truststore.location", done.stderr)

    def test_status_without_a_process_ends_with_1_and_says_so(self):
        port = ports.reserve_port()
        done = run("status", "--url", f"http://127.0.0.1:{port}")
        ports.release_port(port)
        self.assertEqual(1, done.returncode)
        self.assertIn("Is 'ottla run' running", done.stderr)


class RunningTest(unittest.TestCase):
    def setUp(self):
        self.a, self.b = shared.cluster("A"), shared.cluster("B")
        self.topic = shared.unique("cli")
        self.a.create_topic(self.topic, 2)

    def lines(self, **more) -> dict[str, str]:
        clients = {"A": self.a.client(), "B": self.b.client()}
        return flow_file(clients, topics=self.topic, **more)

    def test_status_tells_what_the_process_does(self):
        self.a.produce(self.topic, 10)
        with Ottla(self.lines()) as ottla:
            ottla.wait_copied({(self.topic, p): 5 for p in range(2)})
            words = run("status", "--url", ottla.url)
            self.assertEqual(0, words.returncode, words.stderr)
            for part in ("A->B", "OK", self.topic, "idle"):
                self.assertIn(part, words.stdout)
            status = json.loads(run("status", "--json", "--url", ottla.url).stdout)
            self.assertEqual(ottla.pid, status["pid"])
            self.assertEqual({"OK"}, {flow["health"] for flow in status["flows"]})
            health = run("status", "--health", "--url", ottla.url)
            self.assertEqual((0, "OK\n"), (health.returncode, health.stdout))
            # A second process can't have the same listener.
            second = run("run", str(ottla.file))
            self.assertNotEqual(0, second.returncode)
            self.assertIn(ottla.url.removeprefix("http://"), second.stderr)

    def test_sigterm_while_idle_and_sigint_end_with_0(self):
        with Ottla(self.lines()) as ottla:
            for how in (signal.SIGTERM, signal.SIGINT):
                wait_until(lambda: len(ottla.partitions()) == 2, 60, "partitions")
                self.assertEqual(0, ottla.terminate(how=how), ottla.log())
                ottla.start()

    def test_sigterm_while_starting_against_a_dead_cluster_ends_with_0(self):
        port = ports.reserve_port()
        lines = self.lines() | {"A.bootstrap.servers": f"127.0.0.1:{port}"}
        with Ottla(lines) as ottla:
            ottla.wait_words(f"127.0.0.1:{port}")
            self.assertEqual(0, ottla.terminate(), ottla.log())
        ports.release_port(port)

    def test_sigterm_under_load_ends_with_0_and_the_next_run_goes_on_where_it_ended(self):
        done = threading.Event()
        rounds = []

        def produce():
            while not done.is_set():
                self.a.produce(self.topic, 3000, first=3000 * len(rounds), size=1000)
                rounds.append(1)

        load = threading.Thread(target=produce)
        load.start()
        ottla = Ottla(self.lines())
        try:
            ottla.start()
            wait_until(
                lambda: any(p["records"] > 1000 for p in ottla.partitions().values()), 60, "flow"
            )
            self.assertEqual(0, ottla.terminate(), ottla.log())
        finally:
            done.set()
            load.join()
        copied = sum(self.b.list_offsets(f"A.{self.topic}").values())
        with ottla.start():
            expected = readers.java_digests(self.a, [self.topic])
            wanted = readers.content(expected, lambda t: f"A.{t}")
            actual = readers.java_digests_of_all(self.b, {key: n for key, (n, _) in wanted.items()})
            self.assertEqual(wanted, readers.content(actual))
            again = sum(p["records"] for p in ottla.partitions().values())
            self.assertEqual(3000 * len(rounds) - copied, again)


if __name__ == "__main__":
    unittest.main()
