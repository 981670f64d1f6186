package ottla.lab;

import static ottla.lab.Admins.get;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Consumer groups and their committed offsets, through the admin client. */
final class GroupCommands {
    void register(Map<String, Agent.Handler> handlers) {
        handlers.put("commit_offsets", this::commit);
        handlers.put("group_offsets", this::offsets);
        handlers.put("list_groups", this::list);
        handlers.put("describe_group", this::describe);
        handlers.put("delete_group", this::delete);
    }

    /** "offsets": {topic: {partition: offset}}, for a group without members. */
    private Object commit(Command command) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        String metadata = command.text("metadata", "");
        command.node("offsets").properties().forEach(topic
            -> topic.getValue().properties().forEach(partition
                -> offsets.put(
                    new TopicPartition(topic.getKey(), Integer.parseInt(partition.getKey())),
                    new OffsetAndMetadata(partition.getValue().asLong(), metadata))));
        get(Admins.of(command).alterConsumerGroupOffsets(command.text("group"), offsets).all());
        return true;
    }

    private Object offsets(Command command) throws Exception {
        Map<String, Map<Integer, Long>> offsets = new TreeMap<>();
        get(Admins.of(command)
                .listConsumerGroupOffsets(command.text("group"))
                .partitionsToOffsetAndMetadata())
            .forEach((partition, committed) -> {
                if (committed != null) {
                    offsets.computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
                        .put(partition.partition(), committed.offset());
                }
            });
        return offsets;
    }

    private Object list(Command command) throws Exception {
        Map<String, String> groups = new TreeMap<>();
        get(Admins.of(command).listGroups().all())
            .forEach(group
                -> groups.put(
                    group.groupId(), group.groupState().map(Object::toString).orElse("")));
        return groups;
    }

    private Object describe(Command command) throws Exception {
        String name = command.text("group");
        ConsumerGroupDescription group =
            get(Admins.of(command).describeConsumerGroups(List.of(name)).all()).get(name);
        Map<String, Object> members = new TreeMap<>();
        group.members().forEach(member
            -> members.put(member.consumerId(),
                member.assignment()
                    .topicPartitions()
                    .stream()
                    .map(Object::toString)
                    .sorted()
                    .toList()));
        return Map.of("state", group.groupState().toString(), "type", group.type().toString(),
            "members", members);
    }

    private Object delete(Command command) throws Exception {
        get(Admins.of(command).deleteConsumerGroups(List.of(command.text("group"))).all());
        return true;
    }
}
