package ottla.lab;

import static ottla.lab.Admins.get;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Topics, configurations, offsets and brokers, through the admin client. */
final class TopicCommands {
    private static final long WAIT_MS = 30_000;

    void register(Map<String, Agent.Handler> handlers) {
        handlers.put("create_topic", this::create);
        handlers.put("delete_topic", this::delete);
        handlers.put("create_partitions", this::createPartitions);
        handlers.put("list_topics", this::list);
        handlers.put("describe_topic", this::describe);
        handlers.put("describe_configs", this::describeConfigs);
        handlers.put("alter_configs", this::alterConfigs);
        handlers.put("list_offsets", this::listOffsets);
        handlers.put("delete_records", this::deleteRecords);
        handlers.put("elect_leaders", this::electLeaders);
        handlers.put("reassign", this::reassign);
        handlers.put("describe_cluster", this::describeCluster);
        handlers.put("forget", command -> {
            Admins.forget(command);
            return true;
        });
    }

    private Object create(Command command) throws Exception {
        Admin admin = Admins.of(command);
        String name = command.text("topic");
        NewTopic topic = command.has("assignment")
            ? new NewTopic(name, assignment(command))
            : new NewTopic(name, Optional.of(command.integer("partitions", 1)),
                  command.has("replication")
                      ? Optional.of((short) command.integer("replication", 1))
                      : Optional.empty());
        get(admin.createTopics(List.of(topic.configs(command.map("configs")))).all());
        return description(awaitLeaders(admin, name));
    }

    private static Map<Integer, List<Integer>> assignment(Command command) {
        Map<Integer, List<Integer>> replicas = new HashMap<>();
        command.node("assignment").properties().forEach(e -> {
            List<Integer> brokers = new ArrayList<>();
            e.getValue().forEach(broker -> brokers.add(broker.asInt()));
            replicas.put(Integer.valueOf(e.getKey()), brokers);
        });
        return replicas;
    }

    /** Creation is answered by the controller before the brokers have heard of it. */
    private static TopicDescription awaitLeaders(Admin admin, String name) throws Exception {
        long deadline = System.currentTimeMillis() + WAIT_MS;
        while (System.currentTimeMillis() < deadline) {
            try {
                TopicDescription topic = topic(admin, name);
                if (topic.partitions().stream().allMatch(p -> p.leader() != null)) {
                    return topic;
                }
            } catch (java.util.concurrent.ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
            Thread.sleep(10);
        }
        throw new IllegalStateException(name + " has no leaders after " + WAIT_MS + " ms");
    }

    private static TopicDescription topic(Admin admin, String name) throws Exception {
        return get(admin.describeTopics(List.of(name)).allTopicNames()).get(name);
    }

    private Object delete(Command command) throws Exception {
        Admin admin = Admins.of(command);
        String name = command.text("topic");
        get(admin.deleteTopics(List.of(name)).all());
        long deadline = System.currentTimeMillis() + WAIT_MS;
        while (get(admin.listTopics().names()).contains(name)) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException(name + " is still listed after " + WAIT_MS + " ms");
            }
            Thread.sleep(10);
        }
        return true;
    }

    private Object createPartitions(Command command) throws Exception {
        Admin admin = Admins.of(command);
        String name = command.text("topic");
        int count = command.integer("partitions", 1);
        get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(count))).all());
        long deadline = System.currentTimeMillis() + WAIT_MS;
        while (topic(admin, name).partitions().size() < count
            && System.currentTimeMillis() < deadline) {
            Thread.sleep(10);
        }
        awaitLeaders(admin, name);
        return true;
    }

    private Object list(Command command) throws Exception {
        var options = new ListTopicsOptions().listInternal(command.flag("internal"));
        return new TreeSet<>(get(Admins.of(command).listTopics(options).names()));
    }

    private Object describe(Command command) throws Exception {
        return description(topic(Admins.of(command), command.text("topic")));
    }

    private static Object description(TopicDescription topic) {
        List<Object> partitions = new ArrayList<>();
        for (TopicPartitionInfo partition : topic.partitions()) {
            partitions.add(Map.of("partition", partition.partition(), "leader",
                partition.leader() == null ? -1 : partition.leader().id(), "replicas",
                partition.replicas().stream().map(Node::id).toList(), "isr",
                partition.isr().stream().map(Node::id).toList()));
        }
        return Map.of(
            "name", topic.name(), "id", topic.topicId().toString(), "partitions", partitions);
    }

    private static ConfigResource resource(Command command) {
        var type = ConfigResource.Type.valueOf(command.text("type", "topic").toUpperCase());
        return new ConfigResource(type, command.text("name"));
    }

    /** Settings that differ from the defaults; with "all", every one. */
    private Object describeConfigs(Command command) throws Exception {
        ConfigResource resource = resource(command);
        var config = get(Admins.of(command).describeConfigs(List.of(resource)).all()).get(resource);
        Map<String, String> values = new TreeMap<>();
        for (ConfigEntry entry : config.entries()) {
            boolean own = entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG
                || entry.source() == ConfigEntry.ConfigSource.DYNAMIC_BROKER_CONFIG
                || entry.source() == ConfigEntry.ConfigSource.DYNAMIC_GROUP_CONFIG;
            if (own || command.flag("all")) {
                values.put(entry.name(), entry.value());
            }
        }
        return values;
    }

    private Object alterConfigs(Command command) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        command.map("set").forEach(
            (name, value)
                -> changes.add(
                    new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
        for (String name : command.texts("delete")) {
            changes.add(new AlterConfigOp(new ConfigEntry(name, ""), AlterConfigOp.OpType.DELETE));
        }
        get(Admins.of(command).incrementalAlterConfigs(Map.of(resource(command), changes)).all());
        return true;
    }

    private static OffsetSpec spec(String text) {
        return switch (text) {
            case "earliest" -> OffsetSpec.earliest();
            case "latest" -> OffsetSpec.latest();
            case "max_timestamp" -> OffsetSpec.maxTimestamp();
            default -> OffsetSpec.forTimestamp(Long.parseLong(text));
        };
    }

    private Object listOffsets(Command command) throws Exception {
        Admin admin = Admins.of(command);
        String name = command.text("topic");
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        for (TopicPartitionInfo partition : topic(admin, name).partitions()) {
            wanted.put(new TopicPartition(name, partition.partition()),
                spec(command.text("spec", "latest")));
        }
        Map<Integer, Long> offsets = new TreeMap<>();
        Map<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> answer =
            get(admin.listOffsets(wanted).all());
        answer.forEach((partition, info) -> offsets.put(partition.partition(), info.offset()));
        return offsets;
    }

    private Object deleteRecords(Command command) throws Exception {
        String name = command.text("topic");
        Map<TopicPartition, RecordsToDelete> before = new HashMap<>();
        command.map("before").forEach(
            (partition, offset)
                -> before.put(new TopicPartition(name, Integer.parseInt(partition)),
                    RecordsToDelete.beforeOffset(Long.parseLong(offset))));
        get(Admins.of(command).deleteRecords(before).all());
        return true;
    }

    private Object electLeaders(Command command) throws Exception {
        Admin admin = Admins.of(command);
        String name = command.text("topic");
        Set<TopicPartition> partitions = new java.util.HashSet<>();
        for (TopicPartitionInfo partition : topic(admin, name).partitions()) {
            partitions.add(new TopicPartition(name, partition.partition()));
        }
        var type = command.flag("unclean") ? ElectionType.UNCLEAN : ElectionType.PREFERRED;
        Map<String, String> outcome = new TreeMap<>();
        get(admin.electLeaders(type, partitions).partitions())
            .forEach((partition, error)
                         -> outcome.put(partition.toString(),
                             error.map(Throwable::getMessage).orElse("elected")));
        return outcome;
    }

    private Object reassign(Command command) throws Exception {
        String name = command.text("topic");
        Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
        assignment(command).forEach((partition, brokers)
                                        -> moves.put(new TopicPartition(name, partition),
                                            Optional.of(new NewPartitionReassignment(brokers))));
        Admin admin = Admins.of(command);
        get(admin.alterPartitionReassignments(moves).all());
        long deadline = System.currentTimeMillis() + WAIT_MS;
        while (!get(admin.listPartitionReassignments(moves.keySet()).reassignments()).isEmpty()) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("the reassignment of " + name + " is not done");
            }
            Thread.sleep(20);
        }
        return true;
    }

    private Object describeCluster(Command command) throws Exception {
        var cluster = Admins.of(command).describeCluster();
        Map<Integer, Object> nodes = new TreeMap<>();
        for (Node node : get(cluster.nodes())) {
            nodes.put(node.id(),
                Map.of("host", node.host(), "port", node.port(), "rack",
                    node.hasRack() ? node.rack() : ""));
        }
        Node controller = get(cluster.controller());
        return Map.of("cluster_id", get(cluster.clusterId()), "nodes", nodes, "controller",
            controller == null ? -1 : controller.id());
    }
}
