package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.ShadowDdl;
import dev.penumbra.ignite.sql.TriggerDdl;
import dev.penumbra.shadow.read.ReadSession;
import java.util.function.Function;

/**
 * What the query engine needs of a running plugin.
 *
 * @param ddl runs the statements that create and drop shadows
 * @param triggers creates and drops triggers
 * @param router chooses the copies that answer
 * @param readers makes the reader of a statement
 * @param reads counts them
 */
record ShadowQueryServices(
        ShadowDdl ddl, TriggerDdl triggers, NameRouter router, Function<ReadSession, Reader> readers, Reads reads) {}
