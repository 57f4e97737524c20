package dev.penumbra.shadow;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Copy.Release;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import javax.cache.Cache;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.binary.BinaryObjectBuilder;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.cache.QueryEntity;
import org.apache.ignite.cache.query.ContinuousQuery;
import org.apache.ignite.cache.query.ScanQuery;
import org.apache.ignite.configuration.CacheConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * The grid's list of sources and copies, a replicated table that every node and SQL ({@code PENUMBRA.CATALOGUE}) can
 * read.
 *
 * <p>Every change of an entry is conditional on what the entry was, so several nodes may change it at once. Safe for use
 * by several threads.
 */
@Internal
public final class Catalogue {
    /** The SQL schema of the catalogue's table. */
    public static final String SQL_SCHEMA = "PENUMBRA";

    private static final String COPIES = "penumbra-catalogue";
    private static final String REGISTRY = "penumbra-registry";
    private static final String TYPE = "penumbra.Copy";
    private static final String SOURCE = "source/";
    private static final String SQL_NAME = "sql/";
    private static final String NUMBER = "number/";

    /** What is EVENTUAL has none, so that an entry written before there were levels is still equal to itself written anew. */
    private static final String CONSISTENCY = "CONSISTENCY";

    /** A copy of the whole table has none, as every copy that was written before there was coverage. */
    private static final String COVERAGE = "COVERAGE";

    /** What lives for ever, and what has not released its rows, has none. */
    private static final String TTL = "TTL_MILLIS";

    private static final String RELEASED = "RELEASED";

    /** What shows as much as is usual has none. */
    private static final String COMMIT_PERCENT = "COMMIT_PERCENT";

    /** What is not archived has none. */
    private static final String ARCHIVE = "ARCHIVE_MILLIS";

    /** Ignite compares entries by what stands in them and not by where: without it a time to live could be taken for an archive. */
    private static final String IS_ARCHIVED = "IS_ARCHIVED";

    private final Ignite ignite;
    private final IgniteCache<String, BinaryObject> copies;
    private final IgniteCache<String, String> registry;

    /** Opens the catalogue, creating its caches when this is the grid's first node to do so. */
    public Catalogue(Ignite ignite) {
        this.ignite = ignite;
        CacheConfiguration<String, BinaryObject> configuration = Storage.replicated(COPIES);
        configuration.setSqlSchema(SQL_SCHEMA);
        configuration.setQueryEntities(List.of(entity()));
        this.copies = ignite.getOrCreateCache(configuration).withKeepBinary();
        this.registry = ignite.getOrCreateCache(Storage.<String, String>replicated(REGISTRY));
    }

    private static QueryEntity entity() {
        LinkedHashMap<String, String> fields = new LinkedHashMap<>();
        fields.put("ID", String.class.getName());
        fields.put("SOURCE_NAME", String.class.getName());
        fields.put("SCHEMA_NAME", String.class.getName());
        fields.put("TABLE_NAME", String.class.getName());
        fields.put("DATACENTER", String.class.getName());
        fields.put("ROLE", String.class.getName());
        fields.put("COMPRESSION", String.class.getName());
        fields.put("NEAR_ROWS", Integer.class.getName());
        fields.put(CONSISTENCY, String.class.getName());
        fields.put(COVERAGE, String.class.getName());
        fields.put(TTL, Long.class.getName());
        fields.put(RELEASED, String.class.getName());
        fields.put(COMMIT_PERCENT, Integer.class.getName());
        fields.put(ARCHIVE, Long.class.getName());
        fields.put("SQL_TABLE", String.class.getName());
        fields.put("GENERATION", Long.class.getName());
        fields.put("CACHE_NAME", String.class.getName());
        return new QueryEntity(String.class.getName(), TYPE)
                .setTableName("CATALOGUE")
                .setKeyFieldName("ID")
                .setFields(fields);
    }

    /** Makes a source known to the grid. */
    public void addSource(String source) {
        registry.put(SOURCE + source, source);
    }

    /** The names of all known sources, in order. */
    public Set<String> sources() {
        Set<String> names = new TreeSet<>();
        for (Cache.Entry<String, String> entry : entries(registry)) {
            if (entry.getKey().startsWith(SOURCE)) {
                names.add(entry.getValue());
            }
        }
        return names;
    }

    /**
     * The name that a table's copies have in SQL: the table's own where it is free, otherwise preceded by its schema, and
     * by its source too where that is taken as well. Once given it stays.
     */
    public String sqlTable(String source, TableName table) {
        String owner = source + "/" + table.quoted();
        String schemaAndTable = table.schema() + "_" + table.table();
        for (String candidate : List.of(table.table(), schemaAndTable, source + "_" + schemaAndTable)) {
            if (claim(candidate, owner)) {
                return candidate;
            }
        }
        for (int i = 2; ; i++) {
            String candidate = source + "_" + schemaAndTable + "_" + i;
            if (claim(candidate, owner)) {
                return candidate;
            }
        }
    }

    private boolean claim(String candidate, String owner) {
        @Nullable String former = registry.getAndPutIfAbsent(SQL_NAME + candidate, owner);
        return former == null || former.equals(owner);
    }

    /** A number that the grid has not given before, counted from 1 for each name. */
    public long nextNumber(String name) {
        String key = NUMBER + name;
        while (true) {
            @Nullable String last = registry.get(key);
            if (last == null) {
                if (registry.putIfAbsent(key, "1")) {
                    return 1;
                }
            } else {
                long next = Long.parseLong(last) + 1;
                if (registry.replace(key, last, Long.toString(next))) {
                    return next;
                }
            }
        }
    }

    /** All copies, in no order. */
    public List<Copy> all() {
        List<Copy> all = new ArrayList<>();
        for (Cache.Entry<String, BinaryObject> entry : entries(copies)) {
            all.add(read(entry.getValue()));
        }
        return all;
    }

    /** The copies of one source, in no order. */
    public List<Copy> of(String source) {
        return all().stream()
                .filter(copy -> copy.name().source().equals(source))
                .toList();
    }

    // A server node holds the whole of a replicated cache, so it needs to ask nobody.
    private <V> Iterable<Cache.Entry<String, V>> entries(IgniteCache<String, V> cache) {
        if (ignite.cluster().localNode().isClient()) {
            return cache.query(new ScanQuery<String, V>()).getAll();
        }
        return cache.localEntries(CachePeekMode.PRIMARY, CachePeekMode.BACKUP);
    }

    /** One copy. */
    public Optional<Copy> find(ShadowName name, Copy.Role role) {
        @Nullable BinaryObject stored = copies.get(Copy.id(name, role));
        return stored == null ? Optional.empty() : Optional.of(read(stored));
    }

    /** Whether a copy still has the cache that it was filled into, however its definition has been altered since. */
    public boolean holds(Copy filled) {
        return find(filled.name(), filled.role()).filter(filled::isSameFilling).isPresent();
    }

    /** The home image of a table, wherever home is. */
    public Optional<Copy> homeImage(String source, TableName table) {
        return all().stream()
                .filter(copy -> copy.role() == Copy.Role.HOME_IMAGE
                        && copy.name().source().equals(source)
                        && copy.name().table().equals(table))
                .findFirst();
    }

    /** Adds a copy unless one of that name and role is there; tells whether it was added. */
    public boolean add(Copy copy) {
        return copies.putIfAbsent(copy.id(), write(copy));
    }

    /** Replaces a copy if it is still as expected; tells whether it was. */
    public boolean replace(Copy expected, Copy next) {
        return copies.replace(expected.id(), write(expected), write(next));
    }

    /** Removes a copy if it is still as expected; tells whether it was. */
    public boolean remove(Copy expected) {
        return copies.remove(expected.id(), write(expected));
    }

    /**
     * Calls a listener after each change of a copy, until the result is closed. The listener must neither block nor use
     * the grid.
     */
    public AutoCloseable listen(Runnable listener) {
        ContinuousQuery<String, BinaryObject> query = new ContinuousQuery<>();
        query.setLocalListener(events -> listener.run());
        // Every server node holds all entries, so the local ones are all there are.
        query.setLocal(!ignite.cluster().localNode().isClient());
        return copies.query(query);
    }

    private BinaryObject write(Copy copy) {
        BinaryObjectBuilder builder = ignite.binary().builder(TYPE);
        builder.setField("SOURCE_NAME", copy.name().source());
        builder.setField("SCHEMA_NAME", copy.name().table().schema());
        builder.setField("TABLE_NAME", copy.name().table().table());
        builder.setField("DATACENTER", copy.name().datacenter().name());
        builder.setField("ROLE", copy.role().name());
        builder.setField("COMPRESSION", copy.compression().name());
        builder.setField("NEAR_ROWS", copy.nearRows());
        builder.setField("SQL_TABLE", copy.sqlTable());
        builder.setField("GENERATION", copy.generation());
        builder.setField("CACHE_NAME", copy.cacheName());
        if (!copy.consistency().equals(Consistency.eventual())) {
            builder.setField(CONSISTENCY, copy.consistency().text());
        }
        if (!copy.coverage().isWhole()) {
            builder.setField(COVERAGE, copy.coverage().text());
        }
        if (!copy.definition().ttl().isZero()) {
            builder.setField(TTL, copy.definition().ttl().toMillis());
        }
        if (copy.definition().commitPercent() != ShadowDefinition.COMMIT_PERCENT_DEFAULT) {
            builder.setField(COMMIT_PERCENT, copy.definition().commitPercent());
        }
        if (copy.definition().isArchived()) {
            builder.setField(ARCHIVE, copy.definition().archive().toMillis());
            builder.setField(IS_ARCHIVED, true);
        }
        Release released = copy.released();
        if (released != null) {
            builder.setField(RELEASED, released.name());
        }
        TableSchema layout = copy.layout();
        if (layout != null) {
            builder.setField("LAYOUT", TableSchemaFormat.toBytes(layout));
        }
        return builder.build();
    }

    private static Copy read(BinaryObject stored) {
        TableName table = new TableName(text(stored, "SCHEMA_NAME"), text(stored, "TABLE_NAME"));
        ShadowName name =
                new ShadowName(text(stored, "SOURCE_NAME"), table, new Datacenter(text(stored, "DATACENTER")));
        byte @Nullable [] layout = stored.field("LAYOUT");
        @Nullable String consistency = stored.field(CONSISTENCY);
        @Nullable String coverage = stored.field(COVERAGE);
        @Nullable Long ttlMillis = stored.field(TTL);
        @Nullable String released = stored.field(RELEASED);
        @Nullable Integer commitPercent = stored.field(COMMIT_PERCENT);
        @Nullable Long archiveMillis = stored.field(ARCHIVE);
        int nearRows = stored.<Integer>field("NEAR_ROWS");
        long generation = stored.<Long>field("GENERATION");
        return new Copy(
                Copy.Role.valueOf(text(stored, "ROLE")),
                new ShadowDefinition(
                        name,
                        Compression.valueOf(text(stored, "COMPRESSION")),
                        nearRows,
                        consistency == null ? Consistency.eventual() : Consistency.parse(consistency),
                        coverage == null ? Coverage.whole() : Coverage.parse(coverage),
                        ttlMillis == null ? Duration.ZERO : Duration.ofMillis(ttlMillis),
                        commitPercent == null ? ShadowDefinition.COMMIT_PERCENT_DEFAULT : commitPercent,
                        archiveMillis == null ? Duration.ZERO : Duration.ofMillis(archiveMillis)),
                text(stored, "SQL_TABLE"),
                generation,
                layout == null ? null : TableSchemaFormat.fromBytes(layout),
                released == null ? null : Release.valueOf(released));
    }

    private static String text(BinaryObject stored, String field) {
        return stored.<String>field(field);
    }
}
