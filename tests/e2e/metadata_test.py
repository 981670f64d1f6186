"""Settings and permissions of copied topics follow the source. About 15 s."""

import unittest

from ottla_lab import shared, wait_until

from ottla_process import COPY_TIMEOUT_S, Ottla, flow_file


class MetadataTest(unittest.TestCase):
    def test_settings_of_a_topic_follow_the_source_except_for_those_excluded(self):
        a, b = shared.cluster("A"), shared.cluster("B")
        topic = shared.unique("settings")
        a.create_topic(topic, 1, configs={"retention.ms": "3600000"})
        lines = flow_file(
            {"A": a.client(), "B": b.client()},
            topics=topic,
            sync__topic__configs__interval__seconds="1",
        )
        with Ottla(lines):
            remote = f"A.{topic}"
            wait_until(
                lambda: value(b, remote, "retention.ms") == "3600000",
                COPY_TIMEOUT_S,
                "created with the source's settings",
            )
            a.alter_configs(topic, set={"retention.ms": "7200000", "min.insync.replicas": "1"})
            wait_until(
                lambda: value(b, remote, "retention.ms") == "7200000",
                COPY_TIMEOUT_S,
                "a changed setting follows",
            )

    def test_readers_of_the_source_may_read_the_copy_and_nobody_may_write_it(self):
        a = shared.cluster("authorized-A", listeners=["SASL_PLAINTEXT"], authorizer=True)
        b = shared.cluster("authorized-B", listeners=["SASL_PLAINTEXT"], authorizer=True)
        topic = shared.unique("acls")
        a.create_topic(topic, 1)
        for operation in ("READ", "WRITE", "ALL"):
            a.create_acl(
                resource_name=topic, principal=f"User:{operation.lower()}er",
                operation=operation,
            )  # fmt: skip
        lines = flow_file(
            {"A": a.client(), "B": b.client()}, topics=topic, sync__topic__acls__interval__seconds="1"
        )
        with Ottla(lines):
            remote = f"A.{topic}"
            wait_until(
                lambda: operations(b, remote) == {("User:reader", "READ"), ("User:aller", "READ")},
                COPY_TIMEOUT_S,
                "READ is given, ALL becomes READ, WRITE is not given",
            )


def value(cluster, topic, name):
    try:
        return cluster.describe_configs(topic).get(name)
    except Exception:  # not created yet
        return None


def operations(cluster, topic):
    return {
        (acl["principal"], acl["operation"]) for acl in cluster.list_acls() if acl["resource_name"] == topic
    }


if __name__ == "__main__":
    unittest.main()
