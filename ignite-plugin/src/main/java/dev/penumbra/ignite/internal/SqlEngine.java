package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.TriggerDdl;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.read.ReadSession;
import java.util.function.Function;
import org.apache.calcite.tools.FrameworkConfig;
import org.apache.ignite.Ignite;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.internal.IgniteEx;
import org.jspecify.annotations.Nullable;

/** Penumbra's SQL on one node. Safe for use by several threads. */
@Internal
public final class SqlEngine {
    // Set while the node starts, read when it has started.
    private volatile @Nullable ShadowQueryEngine engine;

    /** Puts the engine before Ignite's in the configuration of a node that begins to start. */
    public void install(IgniteConfiguration node) {
        SqlConfiguration sql = node.getSqlConfiguration();
        if (sql == null) {
            sql = new SqlConfiguration();
            node.setSqlConfiguration(sql);
        }
        ShadowQueryEngineConfiguration.install(sql);
    }

    /** Called with every component that Ignite asks the plugin for; adds the engine at the right one. */
    public void componentAsked(Ignite ignite, Class<?> type) {
        if (type == FrameworkConfig.class) {
            engine = ShadowQueryEngine.addTo(((IgniteEx) ignite).context());
        }
    }

    /**
     * Opens the engine to statements about copies.
     *
     * @param readers makes the reader of a statement, for the session that it belongs to
     */
    public void open(
            Shadows shadows,
            TriggerDdl triggers,
            Copies copies,
            @Nullable Datacenter local,
            Function<ReadSession, Reader> readers,
            Reads reads) {
        ShadowQueryEngine installed = engine;
        if (installed != null) {
            installed.open(shadows, triggers, copies, local, readers, reads);
        }
    }
}
