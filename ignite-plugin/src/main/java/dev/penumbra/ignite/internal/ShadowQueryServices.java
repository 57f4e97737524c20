package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.ShadowDdl;

/**
 * What the query engine needs of a running plugin.
 *
 * @param ddl runs the statements that create and drop shadows
 * @param router chooses the copies that answer
 * @param reads counts them
 */
record ShadowQueryServices(ShadowDdl ddl, NameRouter router, Reads reads) {}
