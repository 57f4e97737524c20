package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Copy;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.TimeZone;
import java.util.UUID;
import java.util.function.Function;
import javax.cache.Cache;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.lifecycle.LifecycleBean;
import org.apache.ignite.lifecycle.LifecycleEventType;
import org.apache.ignite.plugin.CachePluginConfiguration;
import org.apache.ignite.plugin.CachePluginContext;
import org.apache.ignite.plugin.CachePluginProvider;
import org.apache.ignite.plugin.ExtensionRegistry;
import org.apache.ignite.plugin.IgnitePlugin;
import org.apache.ignite.plugin.PluginConfiguration;
import org.apache.ignite.plugin.PluginContext;
import org.apache.ignite.plugin.PluginProvider;
import org.apache.ignite.plugin.PluginValidationException;
import org.jspecify.annotations.Nullable;

/** Brings Penumbra into a node; Ignite finds it on the class path. Needs no configuration on nodes without journals. */
@Internal
public final class PenumbraPluginProvider implements PluginProvider<PenumbraConfiguration> {
    private static final String TIME_ZONE = "penumbra.timeZone";
    /** The attribute that tells nodes with this plugin. */
    static final String SETTINGS = "penumbra.settings";

    private @Nullable PenumbraPlugin plugin;

    @Override
    public String name() {
        return PenumbraPlugin.NAME;
    }

    @Override
    public String version() {
        return "0.1.0";
    }

    @Override
    public String copyright() {
        return "Apache-2.0";
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the signature is Ignite's
    public <T extends IgnitePlugin> T plugin() {
        return (T) required();
    }

    private PenumbraPlugin required() {
        if (plugin == null) {
            throw new IllegalStateException("node has not begun to start");
        }
        return plugin;
    }

    @Override
    public void initExtensions(PluginContext context, ExtensionRegistry registry) {
        IgniteConfiguration node = context.igniteConfiguration();
        PenumbraConfiguration configuration = configuration(node);
        MemoryBudget.check(node, configuration);
        plugin = new PenumbraPlugin(context.grid(), node, configuration);
        plugin.openJournals();
        plugin.sql().install(node);
        plugin.triggers().attach(context.grid());
        settleDatacenter(node, configuration);
        addLifecycle(node, plugin);
    }

    @SuppressWarnings("deprecation") // Ignite offers no other way to configure a plugin that it finds by itself
    private static PenumbraConfiguration configuration(IgniteConfiguration node) {
        PluginConfiguration[] all = node.getPluginConfigurations();
        if (all != null) {
            for (PluginConfiguration one : all) {
                if (one instanceof PenumbraConfiguration own) {
                    return own;
                }
            }
        }
        return new PenumbraConfiguration();
    }

    /** The system property wins, then the bean, then a user attribute; a wrong name stops the node here. */
    private static void settleDatacenter(IgniteConfiguration node, PenumbraConfiguration configuration) {
        Map<String, Object> attributes = new HashMap<>();
        Map<String, ?> given = node.getUserAttributes();
        if (given != null) {
            attributes.putAll(given);
        }
        String property = System.getProperty(DatacenterNodes.ATTRIBUTE);
        Datacenter own = configuration.datacenter();
        Object attribute = attributes.get(DatacenterNodes.ATTRIBUTE);
        String name = property != null
                ? property
                : own != null ? own.name() : attribute == null ? null : attribute.toString();
        if (name != null) {
            attributes.put(DatacenterNodes.ATTRIBUTE, Datacenter.of(name).name());
        }
        attributes.put(TIME_ZONE, TimeZone.getDefault().getID());
        attributes.put(SETTINGS, settings(configuration));
        node.setUserAttributes(attributes);
    }

    private static void addLifecycle(IgniteConfiguration node, PenumbraPlugin plugin) {
        LifecycleBean[] given = node.getLifecycleBeans();
        LifecycleBean[] beans = new LifecycleBean[given == null ? 1 : given.length + 1];
        if (given != null) {
            System.arraycopy(given, 0, beans, 1, given.length);
        }
        beans[0] = event -> {
            if (event == LifecycleEventType.AFTER_NODE_START) {
                plugin.start();
            } else if (event == LifecycleEventType.BEFORE_NODE_STOP) {
                plugin.stop();
            }
        };
        node.setLifecycleBeans(beans);
    }

    @Override
    @SuppressWarnings("unchecked") // the signature is Ignite's
    public <T> @Nullable T createComponent(PluginContext context, Class<T> type) {
        required().sql().componentAsked(context.grid(), type);
        return (T) GridInternals.nodeComponent(context.grid(), type, required().codec());
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is Ignite's
    public @Nullable CachePluginProvider<NoConfiguration> createCacheProvider(CachePluginContext context) {
        String name = context.igniteCacheConfiguration().getName();
        if (name == null) {
            return null;
        }
        return new CachePlugin(
                name.startsWith(Copy.CACHE_PREFIX)
                        ? GridInternals::copyComponent
                        : required().taps()::component);
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
    @Deprecated
    public void validateNewNode(ClusterNode node) {
        Object theirZone = node.attribute(TIME_ZONE);
        if (theirZone == null) {
            // A node without the plugin holds no copies.
            return;
        }
        String ownZone = TimeZone.getDefault().getID();
        if (!ownZone.equals(theirZone)) {
            throw refused(
                    node,
                    new PenumbraException(ErrorCode.TIME_ZONE_DIFFERS)
                            .with("grid", ownZone)
                            .with("node", theirZone));
        }
        String own = settings(required().configuration());
        Object theirs = node.attribute(SETTINGS);
        if (!own.equals(theirs)) {
            throw refused(
                    node,
                    new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                            .with("grid", own)
                            .with("node", theirs));
        }
    }

    private static PluginValidationException refused(ClusterNode node, PenumbraException reason) {
        return new PluginValidationException(reason.getMessage(), reason.getMessage(), node.id());
    }

    /** What must be the same on all nodes. */
    private static String settings(PenumbraConfiguration configuration) {
        return "homeDatacenter=" + configuration.homeDatacenter() + " " + configuration.storage();
    }

    /** Says nothing; copies are known by their caches' names. */
    private interface NoConfiguration extends CachePluginConfiguration<Object, Object> {}

    /** What a cache needs: a copy's, or a user's, which could be given triggers. */
    private static final class CachePlugin implements CachePluginProvider<NoConfiguration> {
        private final Function<Class<?>, @Nullable Object> components;

        CachePlugin(Function<Class<?>, @Nullable Object> components) {
            this.components = components;
        }

        @Override
        public void start() {}

        @Override
        public void stop(boolean cancel) {}

        @Override
        public void onIgniteStart() {}

        @Override
        public void onIgniteStop(boolean cancel) {}

        @Override
        @SuppressWarnings("unchecked") // the signature is Ignite's
        public <T> @Nullable T createComponent(Class<T> type) {
            return (T) components.apply(type);
        }

        @Override
        public <T, K, V> @Nullable T unwrapCacheEntry(Cache.Entry<K, V> entry, Class<T> type) {
            return null;
        }

        @Override
        public void validate() {}

        @Override
        @SuppressWarnings("rawtypes") // the signature is Ignite's
        public void validateRemote(CacheConfiguration local, CacheConfiguration remote, ClusterNode node) {}
    }
}
