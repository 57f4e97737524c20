package dev.penumbra.ignite;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.NullMarked;

/** Committed transactions drawn from a seed: inserts, updates, deletes, moves to other keys, now and then a truncate. */
@NullMarked
final class Workload {
    private final MemoryJournal journal;
    private final Random random;
    private final int keys;

    Workload(MemoryJournal journal, long seed, int keys) {
        this.journal = journal;
        this.random = new Random(seed);
        this.keys = keys;
    }

    Random random() {
        return random;
    }

    /** Announces the table and delivers rows that stood in it before. */
    void snapshot(int rows) {
        journal.append(Draft.of(Operation.SCHEMA, Orders.SCHEMA));
        deliver(rows);
    }

    private void deliver(int rows) {
        for (int from = 0; from < rows; from += 100) {
            List<Draft> drafts = new ArrayList<>();
            for (int i = from; i < Math.min(rows, from + 100); i++) {
                drafts.add(Draft.put(Orders.SCHEMA, Orders.row(i, random)));
            }
            journal.append(drafts);
        }
        journal.append(Draft.of(Operation.SNAPSHOT_END, Orders.SCHEMA));
    }

    void truncate() {
        if (random.nextBoolean()) {
            journal.append(Draft.of(Operation.TRUNCATE, Orders.SCHEMA));
            return;
        }
        // As capture does when it brings a table anew.
        journal.append(Draft.of(Operation.SCHEMA, Orders.SCHEMA), Draft.of(Operation.TRUNCATE, Orders.SCHEMA));
        deliver(random.nextInt(200));
    }

    void transactions(int count) {
        for (int i = 0; i < count; i++) {
            transaction();
        }
    }

    private void transaction() {
        List<Draft> drafts = new ArrayList<>();
        Set<Key> present = new HashSet<>(journal.table(Orders.NAME).keySet());
        int size = 1 + random.nextInt(6);
        for (int i = 0; i < size; i++) {
            long key = random.nextInt(keys);
            Row row = Orders.row(key, random);
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    if (present.remove(Key.of(key))) {
                        drafts.add(Draft.delete(Orders.SCHEMA, Key.of(key)));
                    }
                }
                case 3 -> {
                    Key from = Key.of((long) random.nextInt(keys));
                    if (present.contains(from) && !present.contains(Key.of(key))) {
                        present.remove(from);
                        present.add(Key.of(key));
                        drafts.add(Draft.move(Orders.SCHEMA, from, row));
                    }
                }
                default -> {
                    present.add(Key.of(key));
                    drafts.add(Draft.put(Orders.SCHEMA, row));
                }
            }
        }
        if (!drafts.isEmpty()) {
            journal.append(drafts);
        }
    }
}
