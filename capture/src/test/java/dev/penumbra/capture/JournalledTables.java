package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a journal's transactions, applied in order, make of each table: the simple model that the tests compare the source with.
 *
 * <p>Strict: an insert of a key that is there, or an update or delete of one that is not there or has another image, is
 * an error unless it is a correction.
 */
public final class JournalledTables {
    /** Reads a table's rows as the source has them, with the source's own precision. */
    public interface SourceRows {
        Map<Key, Row> read(Connection connection, TableSchema schema) throws SQLException;
    }

    private final String schemaName;
    private final SourceRows sourceRows;
    private final Map<TableName, Map<Key, Row>> tables = new LinkedHashMap<>();
    private final Map<TableName, TableSchema> schemas = new HashMap<>();
    private final Map<TableName, Boolean> complete = new HashMap<>();
    private final Map<String, List<String>> history = new HashMap<>();
    private final List<String> events = new ArrayList<>();
    private final List<String> lostBySource = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private final JournalReader reader;
    private Position lastDurable = Position.START;
    private long transactions;
    private long changes;
    private long corrections;

    /** @param schemaName the schema of the tables that are named without one */
    public JournalledTables(Path directory, String schemaName, SourceRows sourceRows) {
        this(directory, Position.START, schemaName, sourceRows);
    }

    /** @param after where to begin; tables that were captured before that are not known */
    JournalledTables(Path directory, Position after, String schemaName, SourceRows sourceRows) {
        this.schemaName = schemaName;
        this.sourceRows = sourceRows;
        this.reader = JournalReader.open(directory, after);
    }

    /** Applies everything that is there now, and closes the journal. */
    public JournalledTables read(Consumer<CommittedTransaction> afterEach) {
        follow(afterEach);
        reader.close();
        return this;
    }

    /** Applies everything that is there now; calls back after each whole transaction. */
    public void follow(Consumer<CommittedTransaction> afterEach) {
        for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
            transactions++;
            next.forEach(this::apply);
            afterEach.accept(next);
        }
    }

    private void apply(Change change) {
        changes++;
        if (!reader.durable().equals(lastDurable)) {
            lastDurable = reader.durable();
            events.add("durable " + lastDurable + " before " + change.position());
        }
        if (change.key() != null) {
            history.computeIfAbsent(change.table() + " " + change.key(), key -> new ArrayList<>())
                    .add(change.position() + " " + change.transaction() + " " + change.origin() + " "
                            + change.operation() + " " + change.before() + " -> " + change.after() + " (durable "
                            + reader.durable() + ")");
        } else {
            events.add(change.position() + " " + change.origin() + " " + change.operation() + " " + change.table());
        }
        Map<Key, Row> rows = tables.computeIfAbsent(change.table(), name -> new HashMap<>());
        boolean tolerant = change.origin() == Origin.CORRECTION || !complete.getOrDefault(change.table(), false);
        if (change.origin() == Origin.CORRECTION) {
            corrections++;
        }
        switch (change.operation()) {
            case SCHEMA -> {
                schemas.put(change.table(), change.schema());
                complete.put(change.table(), false);
            }
            case SNAPSHOT_END -> complete.put(change.table(), true);
            case TRUNCATE -> rows.clear();
            case DROP -> {
                tables.remove(change.table());
                complete.remove(change.table());
            }
            case INSERT -> {
                Row former = rows.put(change.key(), change.after());
                if (former != null && !tolerant) {
                    lostBySource.add(describe(change, former));
                }
            }
            case UPDATE -> {
                Key from = change.movedFrom() == null ? change.key() : change.movedFrom();
                Row former = rows.remove(from);
                rows.put(change.key(), change.after());
                check(tolerant || (former != null && former.equals(change.before())), change, former);
            }
            case DELETE -> {
                Row former = rows.remove(change.key());
                check(tolerant || (former != null && former.equals(change.before())), change, former);
            }
        }
        if (change.operation() != Operation.DROP && change.operation() != Operation.SCHEMA) {
            check(change.schema().equals(schemas.getOrDefault(change.table(), change.schema())), change, null);
        }
    }

    private void check(boolean holds, Change change, Row former) {
        if (!holds) {
            List<String> past = history.getOrDefault(change.table() + " " + change.key(), List.of());
            violations.add(describe(change, former) + "\n  "
                    + String.join("\n  ", past.subList(Math.max(0, past.size() - 8), past.size())) + "\n  " + events);
        }
    }

    private static String describe(Change change, Row former) {
        return change.position() + " " + change.origin() + " " + change.operation() + " " + change.table()
                + change.key() + " before " + change.before() + " after " + change.after() + " but had " + former;
    }

    /**
     * Inserts of keys that are there. The source accepted them, so it had lost the row: H2 does lose committed rows when a contending
     * insert fails, with or without capture.
     */
    public List<String> lostBySource() {
        return lostBySource;
    }

    private TableName name(String table) {
        return new TableName(schemaName, table);
    }

    public Map<Key, Row> rows(String table) {
        return rows(name(table));
    }

    Map<Key, Row> rows(TableName table) {
        return tables.getOrDefault(table, Map.of());
    }

    /** What is different between a table and the journal, and how the journal came to it; empty when nothing is. */
    public String differences(String table, Map<Key, Row> source) {
        StringBuilder text = new StringBuilder();
        java.util.Set<Key> keys = new java.util.HashSet<>(source.keySet());
        keys.addAll(rows(table).keySet());
        for (Key key : keys) {
            if (!java.util.Objects.equals(source.get(key), rows(table).get(key))) {
                List<String> past = history.getOrDefault(name(table) + " " + key, List.of());
                text.append(key + ": source " + source.get(key) + ", journal "
                                + rows(table).get(key) + "\n  ")
                        .append(String.join("\n  ", past.subList(Math.max(0, past.size() - 8), past.size())))
                        .append('\n');
            }
        }
        return text.isEmpty()
                ? ""
                : text.append(events).append(reader.durable()).toString();
    }

    public boolean isComplete(String table) {
        return complete.getOrDefault(name(table), false);
    }

    public List<String> events() {
        return events;
    }

    public void close() {
        reader.close();
    }

    public boolean knows(String table) {
        return knows(name(table));
    }

    boolean knows(TableName table) {
        return tables.containsKey(table);
    }

    public List<String> violations() {
        return violations;
    }

    public long transactions() {
        return transactions;
    }

    public long changes() {
        return changes;
    }

    public long corrections() {
        return corrections;
    }

    public TableSchema schema(String table) {
        return schema(name(table));
    }

    TableSchema schema(TableName table) {
        return schemas.get(table);
    }

    public void assertEqualsSource(Connection connection, String... tableNames) throws SQLException {
        assertEqualsSource(connection, Arrays.stream(tableNames).map(this::name).toList());
    }

    void assertEqualsSource(Connection connection, Iterable<TableName> tableNames) throws SQLException {
        assertThat(violations).isEmpty();
        assertThat(lostBySource).isEmpty();
        for (TableName table : tableNames) {
            assertThat(complete).as("complete").containsEntry(table, true);
            assertThat(rows(table)).as(table.toString()).isEqualTo(sourceRows.read(connection, schema(table)));
        }
    }

    /** Up to where the journal has been read. */
    Position position() {
        return reader.position();
    }
}
