package dev.penumbra.ignite.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.penumbra.ignite.sql.TableUses;
import java.util.function.Supplier;

/**
 * The texts read last, so that a statement that is run again is not parsed again only to find its tables.
 *
 * <p>What a text's tables are is held by itself, since of a statement that is run again with another token only the clause is new. What is
 * held is bounded by its characters. Safe for use by several threads.
 */
final class QueryScripts {
    private static final long CHARACTERS_MAX = 1L << 22;
    private static final int TEXT_MAX = 1 << 12;
    /** What is held of a text beside its characters takes about as much as so many. */
    private static final int OVERHEAD = 256;

    private final TableUses tables;
    private final Cache<Text, QueryScript> read = held();

    private record Text(String sql, String schema) {
        int weight() {
            return sql.length() + OVERHEAD;
        }
    }

    QueryScripts(TableUses tables) {
        this.tables = new Known(tables);
    }

    private static <V> Cache<Text, V> held() {
        return Caffeine.newBuilder()
                .maximumWeight(CHARACTERS_MAX)
                .weigher((Text text, V found) -> text.weight())
                .executor(Runnable::run)
                .build();
    }

    QueryScript get(String sql, String schema) {
        return known(read, sql, schema, () -> QueryScript.of(sql, schema, tables));
    }

    /** What is held of a text, or is read and held from now on; of a long text nothing is held. */
    private static <V> V known(Cache<Text, V> held, String sql, String schema, Supplier<V> reading) {
        if (sql.length() > TEXT_MAX) {
            return reading.get();
        }
        Text text = new Text(sql, schema);
        V known = held.getIfPresent(text);
        if (known == null) {
            known = reading.get();
            held.put(text, known);
        }
        return known;
    }

    /** The tables of texts that have been looked at. */
    private static final class Known implements TableUses {
        private final TableUses tables;
        private final Cache<Text, Found> found = held();

        Known(TableUses tables) {
            this.tables = tables;
        }

        @Override
        public Found in(String sql, String schema) {
            return known(found, sql, schema, () -> tables.in(sql, schema));
        }

        @Override
        public Found inQuery(String sql, String schema) {
            return tables.inQuery(sql, schema);
        }
    }
}
