package dev.penumbra.ignite;

import java.io.Serializable;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.IgniteNodeAttributes;
import org.apache.ignite.internal.processors.GridProcessorAdapter;
import org.apache.ignite.internal.processors.security.GridSecurityProcessor;
import org.apache.ignite.internal.processors.security.OperationSecurityContext;
import org.apache.ignite.internal.processors.security.SecurityContext;
import org.apache.ignite.plugin.CachePluginContext;
import org.apache.ignite.plugin.CachePluginProvider;
import org.apache.ignite.plugin.ExtensionRegistry;
import org.apache.ignite.plugin.IgnitePlugin;
import org.apache.ignite.plugin.PluginConfiguration;
import org.apache.ignite.plugin.PluginContext;
import org.apache.ignite.plugin.PluginProvider;
import org.apache.ignite.plugin.security.AuthenticationContext;
import org.apache.ignite.plugin.security.SecurityCredentials;
import org.apache.ignite.plugin.security.SecurityException;
import org.apache.ignite.plugin.security.SecurityPermission;
import org.apache.ignite.plugin.security.SecuritySubject;
import org.apache.ignite.plugin.security.SecuritySubjectType;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A security plugin of Ignite's whose users are said by the test, and may do what the test says; nodes may do all. */
@NullMarked
final class Permissions implements PluginProvider<PluginConfiguration> {
    private static final Map<String, BiPredicate<@Nullable String, SecurityPermission>> USERS =
            new ConcurrentHashMap<>();

    private static final Map<UUID, String> NAMES = new ConcurrentHashMap<>();

    /** Says what a user may do, by the name of the cache and the permission; the password is the name. */
    static void user(String name, BiPredicate<@Nullable String, SecurityPermission> may) {
        USERS.put(name, may);
        NAMES.put(id(name), name);
    }

    /** Does something on a node as a user. */
    @SuppressWarnings("try") // closing it is all that is to be done with it
    static void as(Ignite node, String user, Runnable work) {
        try (OperationSecurityContext asUser =
                ((IgniteEx) node).context().security().withContext(id(user))) {
            work.run();
        }
    }

    private static UUID id(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }

    private record Subject(UUID id, String login, SecuritySubjectType type) implements SecuritySubject {
        @Override
        public InetSocketAddress address() {
            return InetSocketAddress.createUnresolved("127.0.0.1", 0);
        }
    }

    private record Context(Subject subject) implements SecurityContext, Serializable {}

    private static final class Processor extends GridProcessorAdapter implements GridSecurityProcessor {
        Processor(GridKernalContext context) {
            super(context);
        }

        @Override
        public void start() {
            ctx.addNodeAttribute(
                    IgniteNodeAttributes.ATTR_SECURITY_CREDENTIALS, new SecurityCredentials("node", "node"));
        }

        @Override
        public SecurityContext authenticateNode(ClusterNode node, @Nullable SecurityCredentials credentials) {
            return new Context(new Subject(node.id(), "node", SecuritySubjectType.REMOTE_NODE));
        }

        @Override
        public boolean isGlobalNodeAuthentication() {
            return false;
        }

        @Override
        public @Nullable SecurityContext authenticate(AuthenticationContext asked) {
            Object login = asked.credentials().getLogin();
            String name = String.valueOf(login);
            if (!USERS.containsKey(name) || !name.equals(asked.credentials().getPassword())) {
                return null;
            }
            return securityContext(id(name));
        }

        @Override
        public Collection<SecuritySubject> authenticatedSubjects() {
            return List.of();
        }

        @Override
        public @Nullable SecuritySubject authenticatedSubject(UUID id) {
            return null;
        }

        @Override
        public @Nullable SecurityContext securityContext(UUID id) {
            String name = NAMES.get(id);
            return name == null ? null : new Context(new Subject(id, name, SecuritySubjectType.REMOTE_CLIENT));
        }

        @Override
        public void authorize(@Nullable String name, SecurityPermission permission, SecurityContext who) {
            if (who.subject().type() == SecuritySubjectType.REMOTE_NODE) {
                return;
            }
            BiPredicate<@Nullable String, SecurityPermission> may =
                    USERS.get(String.valueOf(who.subject().login()));
            if (may == null || !may.test(name, permission)) {
                throw new SecurityException("Authorization failed [user="
                        + who.subject().login() + ", permission=" + permission + ", name=" + name + ']');
            }
        }

        @Override
        public void onSessionExpired(UUID id) {}

        @Override
        @SuppressWarnings("deprecation") // abstract in Ignite, deprecated or not
        public boolean enabled() {
            return true;
        }
    }

    @Override
    public String name() {
        return "permissions";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public String copyright() {
        return "";
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // Ignite's signature
    public <T extends IgnitePlugin> T plugin() {
        return (T) new IgnitePlugin() {};
    }

    @Override
    public void initExtensions(PluginContext context, ExtensionRegistry registry) {}

    @Override
    @SuppressWarnings("unchecked") // Ignite's signature
    public <T> @Nullable T createComponent(PluginContext context, Class<T> type) {
        return type == GridSecurityProcessor.class ? (T) new Processor(((IgniteEx) context.grid()).context()) : null;
    }

    @Override
    @SuppressWarnings("rawtypes") // Ignite's signature
    public @Nullable CachePluginProvider createCacheProvider(CachePluginContext context) {
        return null;
    }

    @Override
    public void start(PluginContext context) {}

    @Override
    public void stop(boolean cancel) {}

    @Override
    public void onIgniteStart() {}

    @Override
    public void onIgniteStop(boolean cancel) {}

    @Override
    public @Nullable Serializable provideDiscoveryData(UUID nodeId) {
        return null;
    }

    @Override
    public void receiveDiscoveryData(UUID nodeId, @Nullable Serializable data) {}

    @Override
    @SuppressWarnings("deprecation") // abstract in Ignite, deprecated or not
    public void validateNewNode(ClusterNode node) {}
}
