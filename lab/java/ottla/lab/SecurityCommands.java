package ottla.lab;

import static ottla.lab.Admins.get;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourcePatternFilter;
import org.apache.kafka.common.resource.ResourceType;

/** ACLs, SCRAM users and quotas, through the admin client. */
final class SecurityCommands {
    void register(Map<String, Agent.Handler> handlers) {
        handlers.put("create_acl", this::createAcl);
        handlers.put("delete_acl", this::deleteAcl);
        handlers.put("list_acls", this::listAcls);
        handlers.put("create_scram_user", this::createScramUser);
        handlers.put("alter_quota", this::alterQuota);
        handlers.put("list_quotas", this::listQuotas);
    }

    private static AclBinding binding(Command command) {
        return new AclBinding(
            new ResourcePattern(ResourceType.fromString(command.text("resource_type", "TOPIC")),
                command.text("resource_name"),
                PatternType.fromString(command.text("pattern_type", "LITERAL"))),
            new AccessControlEntry(command.text("principal"), command.text("host", "*"),
                AclOperation.fromString(command.text("operation")),
                AclPermissionType.fromString(command.text("permission", "ALLOW"))));
    }

    private Object createAcl(Command command) throws Exception {
        get(Admins.of(command).createAcls(List.of(binding(command))).all());
        return true;
    }

    private Object deleteAcl(Command command) throws Exception {
        return get(Admins.of(command).deleteAcls(List.of(binding(command).toFilter())).all())
            .size();
    }

    private Object listAcls(Command command) throws Exception {
        var everything =
            new AclBindingFilter(ResourcePatternFilter.ANY, AccessControlEntryFilter.ANY);
        List<Object> acls = new ArrayList<>();
        for (AclBinding acl : get(Admins.of(command).describeAcls(everything).values())) {
            acls.add(Map.of("resource_type", acl.pattern().resourceType().toString(),
                "resource_name", acl.pattern().name(), "pattern_type",
                acl.pattern().patternType().toString(), "principal", acl.entry().principal(),
                "host", acl.entry().host(), "operation", acl.entry().operation().toString(),
                "permission", acl.entry().permissionType().toString()));
        }
        return acls;
    }

    private Object createScramUser(Command command) throws Exception {
        var mechanism =
            ScramMechanism.fromMechanismName(command.text("mechanism", "SCRAM-SHA-256"));
        get(Admins.of(command)
                .alterUserScramCredentials(
                    List.of(new UserScramCredentialUpsertion(command.text("user"),
                        new ScramCredentialInfo(mechanism, 4096), command.text("password"))))
                .all());
        return true;
    }

    /** "entity": {"user": ..., "client-id": ...}, "set": {quota: value}, "delete": [quota]. */
    private Object alterQuota(Command command) throws Exception {
        List<ClientQuotaAlteration.Op> changes = new ArrayList<>();
        command.map("set").forEach(
            (name,
                value) -> changes.add(new ClientQuotaAlteration.Op(name, Double.valueOf(value))));
        command.texts("delete").forEach(
            name -> changes.add(new ClientQuotaAlteration.Op(name, null)));
        get(Admins.of(command)
                .alterClientQuotas(List.of(new ClientQuotaAlteration(
                    new ClientQuotaEntity(command.map("entity")), changes)))
                .all());
        return true;
    }

    private Object listQuotas(Command command) throws Exception {
        Map<String, Object> quotas = new TreeMap<>();
        get(Admins.of(command).describeClientQuotas(ClientQuotaFilter.all()).entities())
            .forEach(
                (entity, values) -> quotas.put(new TreeMap<>(entity.entries()).toString(), values));
        return quotas;
    }
}
