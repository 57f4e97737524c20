package dev.penumbra.ignite.internal;

import java.util.ArrayList;
import java.util.List;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.configuration.QueryEngineConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.internal.processors.query.QueryEngine;

/**
 * Puts {@link ShadowQueryEngine} in the place of Ignite's Calcite engine.
 *
 * <p>It keeps that engine's name. Otherwise a client that asks for {@code calcite}, in a hint or in its connection,
 * would reach the engine behind this one and could write to copies or read a loading one.
 */
final class ShadowQueryEngineConfiguration extends CalciteQueryEngineConfiguration {
    private ShadowQueryEngineConfiguration() {
        setDefault(true);
    }

    /** Replaces a node's Calcite engine, if it configures one, and keeps the limits that it was given. */
    static void install(SqlConfiguration sql) {
        ShadowQueryEngineConfiguration own = new ShadowQueryEngineConfiguration();
        List<QueryEngineConfiguration> engines = new ArrayList<>();
        engines.add(own);
        QueryEngineConfiguration[] configured = sql.getQueryEnginesConfiguration();
        if (configured != null) {
            for (QueryEngineConfiguration engine : configured) {
                if (engine instanceof CalciteQueryEngineConfiguration calcite) {
                    own.setGlobalMemoryQuota(calcite.getGlobalMemoryQuota());
                    own.setQueryMemoryQuota(calcite.getQueryMemoryQuota());
                } else {
                    engines.add(engine);
                }
            }
        }
        sql.setQueryEnginesConfiguration(engines.toArray(new QueryEngineConfiguration[0]));
    }

    @Override
    public Class<? extends QueryEngine> engineClass() {
        return ShadowQueryEngine.class;
    }
}
