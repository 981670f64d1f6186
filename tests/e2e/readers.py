"""Two readers of topics that know nothing of Ottla, Kafka's Java consumer and librdkafka, both
read_committed; their digests are over key, value, timestamp and headers in order."""

import concurrent.futures
import json
import os
import pathlib
import subprocess

from ottla_lab import paths, wait_until

# Digests: topic -> partition -> {count, last, content, ...}; partitions without records are absent.
Digests = dict[str, dict[int, dict]]


def rdkafka_program() -> pathlib.Path:
    """RDKAFKA_DIGEST_BINARY, else beside the program under test."""
    given = os.environ.get("RDKAFKA_DIGEST_BINARY")
    return pathlib.Path(given) if given else paths.ottla().parent / "rdkafka_digest"


def java_digests(cluster, topics, timeout_s: int = 120) -> Digests:
    def read(topic):
        return topic, cluster.digest(topic, timeout_ms=timeout_s * 1000, timeout_s=timeout_s)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return dict(pool.map(read, topics))


def rdkafka_digests(cluster, topics, timeout_s: int = 300) -> Digests:
    done = subprocess.run(
        [str(rdkafka_program()), cluster.bootstrap()],
        input="\n".join(topics),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"rdkafka_digest: {done.stderr}")
    return {
        topic: {int(p): digest for p, digest in partitions.items() if digest["count"]}
        for topic, partitions in json.loads(done.stdout).items()
    }


def content(digests: Digests, renamed=lambda topic: topic) -> dict[tuple[str, int], tuple]:
    """(topic, partition) -> (count, content), for comparing."""
    return {
        (renamed(topic), partition): (digest["count"], digest["content"])
        for topic, partitions in digests.items()
        for partition, digest in partitions.items()
    }


def java_digests_of_all(cluster, expected: dict[tuple[str, int], int]) -> Digests:
    """Digests of the topics once they have as many records as expected, or more."""
    topics = sorted({topic for topic, _ in expected})

    def complete():
        found = java_digests(cluster, topics)
        has = counts(found)
        return all(has.get(key, 0) >= n for key, n in expected.items()) and found

    return wait_until(complete, 60, f"{topics[:5]} complete", poll_s=0.2)


def counts(digests: Digests) -> dict[tuple[str, int], int]:
    return {key: count for key, (count, _) in content(digests).items()}
