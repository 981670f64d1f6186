"""Groups, checkpoints, heartbeats and positions: what MirrorMaker 2's users rely on besides data.
About 60 s: one JVM MirrorMaker 2 is started."""

import unittest
import urllib.parse

from ottla_lab import MirrorMaker2, mirror_maker, shared, tool, wait_until

from ottla_process import COPY_TIMEOUT_S, Ottla, flow_file


def mirror(a, b, topics, **more):
    return Ottla(
        flow_file(
            {"A": a.client(), "B": b.client()},
            topics=topics,
            emit__checkpoints__enabled="true",
            emit__heartbeats__enabled="true",
            sync__group__offsets__enabled="true",
            ottla__progress__group="mirror-source-connector",
            **more,
        )
    )


def count(cluster, topic):
    return sum(part["count"] for part in cluster.digest(topic).values())


class GroupsTest(unittest.TestCase):
    def setUp(self):
        self.a, self.b = shared.cluster("A"), shared.cluster("B")
        self.topic = shared.unique("groups")
        self.remote = f"A.{self.topic}"
        self.group = shared.unique("readers")

    def on_target(self):
        return self.b.group_offsets(self.group).get(self.remote, {})

    def test_a_group_stands_at_its_exact_place_on_the_target(self):
        # Aborted transactions make the offsets of the two sides differ.
        self.a.create_topic(self.topic, 1)
        self.a.produce(
            self.topic, 300, transactional_id=self.topic, transaction_records=10, abort_every=3
        )
        source = self.a.records(self.topic)
        with mirror(self.a, self.b, self.topic) as ottla:
            wait_until(
                lambda: count(self.b, self.remote) == len(source), COPY_TIMEOUT_S, "all is copied"
            )
            for index in (0, 7, 57, len(source) - 1):
                committed = source[index].offset
                self.a.commit_offsets(self.group, {self.topic: {"0": committed}})
                # The record at that place is the index-th of the copy, whatever its offset there.
                wait_until(
                    lambda: self.on_target().get("0", self.on_target().get(0)) == index,
                    COPY_TIMEOUT_S,
                    f"{self.group} stands at record {index} on the target",
                )
            end = self.a.list_offsets(self.topic)
            self.a.commit_offsets(self.group, {self.topic: {"0": end[0]}})
            wait_until(
                lambda: self.on_target().get("0", self.on_target().get(0)) == len(source),
                COPY_TIMEOUT_S,
                "a group at the end is at the end",
            )
            self.assertEqual(0, ottla.terminate())

    def test_a_group_with_members_or_with_commits_of_its_own_is_left_alone(self):
        self.a.create_topic(self.topic, 1)
        self.a.produce(self.topic, 100)
        with mirror(self.a, self.b, self.topic):
            self.a.commit_offsets(self.group, {self.topic: {"0": 10}})
            wait_until(
                lambda: self.on_target().get("0", self.on_target().get(0)) == 10,
                COPY_TIMEOUT_S,
                "the first commit arrives",
            )
            self.b.commit_offsets(self.group, {self.remote: {"0": 90}})
            other = shared.unique("readers")
            self.a.commit_offsets(self.group, {self.topic: {"0": 20}})
            self.a.commit_offsets(other, {self.topic: {"0": 20}})
            wait_until(
                lambda: self.b.group_offsets(other).get(self.remote, {}),
                COPY_TIMEOUT_S,
                "a later commit of another group arrives",
            )
            self.assertEqual(90, self.on_target().get("0", self.on_target().get(0)))

    def test_kafkas_own_tools_read_checkpoints_heartbeats_and_the_progress_group(self):
        self.a.create_topic(self.topic, 1)
        self.a.produce(self.topic, 50)
        with mirror(self.a, self.b, self.topic) as ottla:
            self.a.commit_offsets(self.group, {self.topic: {"0": 30}})
            wait_until(self.on_target, COPY_TIMEOUT_S, "the group is there")
            checkpoints = tool(
                "kafka-console-consumer",
                "--bootstrap-server",
                self.b.bootstrap(),
                "--topic",
                "A.checkpoints.internal",
                "--from-beginning",
                "--formatter",
                "org.apache.kafka.connect.mirror.formatters.CheckpointFormatter",
                "--timeout-ms",
                "5000",
            ).stdout
            self.assertIn(
                f"consumerGroupId={self.group}, topicPartition={self.remote}-0, "
                "upstreamOffset=30, downstreamOffset=30",
                checkpoints,
            )
            heartbeats = tool(
                "kafka-console-consumer",
                "--bootstrap-server",
                self.b.bootstrap(),
                "--topic",
                "heartbeats",
                "--from-beginning",
                "--max-messages",
                "1",
                "--formatter",
                "org.apache.kafka.connect.mirror.formatters.HeartbeatFormatter",
            ).stdout
            self.assertIn("sourceClusterAlias=A, targetClusterAlias=B", heartbeats)
            wait_until(
                lambda: self.a.group_offsets("mirror-source-connector").get(self.topic),
                COPY_TIMEOUT_S,
                "the progress group has a position",
            )
            described = tool(
                "kafka-consumer-groups",
                "--bootstrap-server",
                self.a.bootstrap(),
                "--describe",
                "--group",
                "mirror-source-connector",
            ).stdout
            self.assertRegex(described, rf"{self.topic}\s+0\s+50\s+50\s+0")
            status = ottla.get(
                "/connectors/" + urllib.parse.quote("mirror-source-connector") + "/status"
            )
            self.assertEqual("RUNNING", status["connector"]["state"])

    def test_takes_over_from_mirror_maker_and_hands_back_without_copying_twice(self):
        self.a.create_topic(self.topic, 2)
        self.a.produce(self.topic, 200)
        properties = mirror_maker.properties_for(
            {"A": self.a, "B": self.b},
            ["A->B"],
            # Its writes into A.heartbeats would be foreign to the flows of other tests.
            **{"A->B__topics": self.topic, "heartbeats__replication__enabled": "false"},
        )
        with MirrorMaker2(properties) as mm2:
            wait_until(lambda: count(self.b, self.remote) == 200, COPY_TIMEOUT_S, "MM2 has copied")
            mm2.stop()
        self.a.produce(self.topic, 100)
        with mirror(self.a, self.b, self.topic) as ottla:
            wait_until(lambda: count(self.b, self.remote) >= 300, COPY_TIMEOUT_S, "Ottla goes on")
            self.assertEqual(0, ottla.terminate())
        self.assertEqual(300, count(self.b, self.remote))
        self.a.produce(self.topic, 50)
        with MirrorMaker2(properties) as mm2:
            wait_until(
                lambda: count(self.b, self.remote) >= 350, COPY_TIMEOUT_S, "MM2 goes on again"
            )
            mm2.stop()
        self.assertEqual(350, count(self.b, self.remote))


if __name__ == "__main__":
    unittest.main()
