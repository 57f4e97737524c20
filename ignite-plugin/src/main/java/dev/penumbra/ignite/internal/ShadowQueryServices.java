package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.ShadowDdl;
import dev.penumbra.ignite.sql.TriggerDdl;

/**
 * What the query engine needs of a running plugin.
 *
 * @param ddl runs the statements that create and drop shadows
 * @param triggers creates and drops triggers
 * @param router chooses the copies that answer
 * @param reads counts them
 */
record ShadowQueryServices(ShadowDdl ddl, TriggerDdl triggers, NameRouter router, Reads reads) {}
