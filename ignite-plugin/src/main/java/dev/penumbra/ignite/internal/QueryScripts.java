package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.TableUses;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The texts read last, so that a statement that is run again is not parsed again only to find its tables.
 *
 * <p>A text has a few places, chosen by its hash; when they are taken it drives one other out, which costs that one a
 * second reading and nothing else. What is held is bounded by {@code SETS * WAYS * TEXT_MAX} characters. Safe for use by
 * several threads.
 */
final class QueryScripts {
    private static final int SETS = 1 << 8;
    private static final int WAYS = 4;
    private static final int TEXT_MAX = 1 << 12;

    private final TableUses tables;
    private final AtomicReferenceArray<@Nullable QueryScript> read = new AtomicReferenceArray<>(SETS * WAYS);

    QueryScripts(TableUses tables) {
        this.tables = tables;
    }

    QueryScript get(String sql, String schema) {
        if (sql.length() > TEXT_MAX) {
            return QueryScript.of(sql, schema, tables);
        }
        int hash = sql.hashCode() ^ (sql.hashCode() >>> Short.SIZE);
        int set = (hash & (SETS - 1)) * WAYS;
        int free = set + ((hash >>> Byte.SIZE) & (WAYS - 1));
        for (int i = set; i < set + WAYS; i++) {
            QueryScript held = read.get(i);
            if (held == null) {
                free = i;
            } else if (held.sql().equals(sql) && held.schema().equals(schema)) {
                return held;
            }
        }
        QueryScript script = QueryScript.of(sql, schema, tables);
        read.set(free, script);
        return script;
    }
}
