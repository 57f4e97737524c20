package dev.penumbra.capture;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the journals of a grid's nodes together make of an Ignite table: each partition's changes in the order of their numbers,
 * whichever node has journalled them.
 */
public final class GridJournals {
    private static final int PARTITION = 0xFFFF;

    private final TreeMap<Long, List<Entry>> streams = new TreeMap<>();
    private final List<String> repeated = new ArrayList<>();
    private final List<String> contradictions = new ArrayList<>();
    private long changes;

    private record Entry(long number, int rank, Change change) {}

    /** @param directories the journals of all nodes that have owned rows of the table */
    public GridJournals(List<Path> directories, TableName table) {
        for (Path directory : directories) {
            try (JournalReader reader = JournalReader.open(directory, Position.START)) {
                for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                    for (Change change : next) {
                        if (change.table().equals(table)) {
                            add(change);
                        }
                    }
                }
            }
        }
        for (List<Entry> stream : streams.values()) {
            stream.sort(Comparator.comparingLong(Entry::number).thenComparingInt(Entry::rank));
            findRepeated(stream);
        }
    }

    private void add(Change change) {
        long stream = change.transaction().opening();
        if ((stream & PARTITION) == PARTITION) {
            return;
        }
        boolean captured = change.origin() == Origin.CAPTURED;
        if (captured) {
            changes++;
        }
        int rank = captured ? 0 : change.operation().isRowOperation() ? 2 : 1;
        streams.computeIfAbsent(stream, key -> new ArrayList<>())
                .add(new Entry(change.transaction().number(), rank, change));
    }

    private void findRepeated(List<Entry> stream) {
        Entry former = null;
        for (Entry entry : stream) {
            boolean counted = entry.rank() == 0 && entry.number() % 2 == 0;
            if (counted && former != null && former.number() == entry.number()) {
                Change one = former.change();
                Change other = entry.change();
                repeated.add(one + " and " + other);
                boolean same = one.operation() == other.operation()
                        && String.valueOf(one.key()).equals(String.valueOf(other.key()))
                        && String.valueOf(one.after()).equals(String.valueOf(other.after()));
                if (!same) {
                    contradictions.add(one + " and " + other);
                }
            }
            if (counted) {
                former = entry;
            }
        }
    }

    /** The rows that the journals make. */
    public Map<Key, Row> rows() {
        Map<Key, Row> all = new HashMap<>();
        // A later trigger on the table begins its streams anew.
        Map<Long, List<Entry>> latest = new TreeMap<>();
        streams.forEach((stream, entries) -> latest.put(stream & PARTITION, entries));
        for (List<Entry> stream : latest.values()) {
            Map<Key, Row> rows = new HashMap<>();
            for (Entry entry : stream) {
                Change change = entry.change();
                switch (change.operation()) {
                    case INSERT, UPDATE -> rows.put(change.key(), change.after());
                    case DELETE -> rows.remove(change.key());
                    case TRUNCATE -> rows.clear();
                    case SCHEMA, DROP, SNAPSHOT_END -> {}
                }
            }
            all.putAll(rows);
        }
        return all;
    }

    /** The changes, without the rows that stood before. */
    public List<Change> changes() {
        return streams.values().stream()
                .flatMap(List::stream)
                .filter(entry -> entry.rank() == 0)
                .map(Entry::change)
                .toList();
    }

    /** How many changes the journals hold, repeated ones included. */
    public long count() {
        return changes;
    }

    /** Changes that two nodes have journalled: one died before it could say that it had. */
    public List<String> repeated() {
        return repeated;
    }

    /** Different changes with the same number of the same partition. */
    public List<String> contradictions() {
        return contradictions;
    }
}
