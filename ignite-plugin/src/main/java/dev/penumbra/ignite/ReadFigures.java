package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.Reads;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** Counts which copies answered the reads of this node. Safe for use by several threads. */
final class ReadFigures implements Reads {
    private final Map<String, Counts> byTable = new ConcurrentHashMap<>();

    private static final class Counts {
        private final LongAdder shadow = new LongAdder();
        private final LongAdder preMerged = new LongAdder();
        private final LongAdder home = new LongAdder();
        private final LongAdder source = new LongAdder();
        private final LongAdder discarded = new LongAdder();
        private final LongAdder archive = new LongAdder();
        private final LongAdder optimistic = new LongAdder();
        private final LongAdder corrected = new LongAdder();
    }

    /**
     * How often one table was read.
     *
     * @param table the table's name in SQL
     * @param preMerged reads of a shadow with what was pending laid over it
     * @param fromSource reads of the database itself
     * @param fromArchive reads of a shadow as it was
     * @param discarded answers of a shadow that were not given out, because validation did not find them right
     * @param optimistic answers that showed something that was not committed
     * @param corrected those of them that turned out not to be what was committed
     */
    record TableReads(
            String table,
            long fromShadow,
            long preMerged,
            long fromHome,
            long fromSource,
            long fromArchive,
            long discarded,
            long optimistic,
            long corrected) {}

    @Override
    public void started(Source source, String table) {
        switch (source) {
            case SHADOW -> fromShadow(table);
            case PRE_MERGED -> preMerged(table);
            case HOME -> fromHome(table);
            case SOURCE -> counts(table).source.increment();
            case ARCHIVE -> counts(table).archive.increment();
        }
    }

    @Override
    public void discarded(String table) {
        counts(table).discarded.increment();
    }

    @Override
    public void optimistic(String table) {
        counts(table).optimistic.increment();
    }

    @Override
    public void corrected(String table) {
        counts(table).corrected.increment();
    }

    /** A shadow of a table answers a read. */
    void fromShadow(String sqlTable) {
        counts(sqlTable).shadow.increment();
    }

    /** A shadow of a table answers a read together with what is pending of it. */
    void preMerged(String sqlTable) {
        counts(sqlTable).preMerged.increment();
    }

    /** The home image of a table answers a read. */
    void fromHome(String sqlTable) {
        counts(sqlTable).home.increment();
    }

    private Counts counts(String sqlTable) {
        return byTable.computeIfAbsent(sqlTable, table -> new Counts());
    }

    long fromShadow() {
        return sum(counts -> counts.shadow);
    }

    long preMerged() {
        return sum(counts -> counts.preMerged);
    }

    long fromHome() {
        return sum(counts -> counts.home);
    }

    long fromSource() {
        return sum(counts -> counts.source);
    }

    long fromArchive() {
        return sum(counts -> counts.archive);
    }

    long discarded() {
        return sum(counts -> counts.discarded);
    }

    long optimistic() {
        return sum(counts -> counts.optimistic);
    }

    long corrected() {
        return sum(counts -> counts.corrected);
    }

    private long sum(Function<Counts, LongAdder> figure) {
        return byTable.values().stream()
                .mapToLong(counts -> figure.apply(counts).sum())
                .sum();
    }

    /** All tables that were read, in order of their names. */
    Map<String, TableReads> tables() {
        Map<String, TableReads> tables = new TreeMap<>();
        byTable.forEach((table, counts) -> tables.put(
                table,
                new TableReads(
                        table,
                        counts.shadow.sum(),
                        counts.preMerged.sum(),
                        counts.home.sum(),
                        counts.source.sum(),
                        counts.archive.sum(),
                        counts.discarded.sum(),
                        counts.optimistic.sum(),
                        counts.corrected.sum())));
        return tables;
    }
}
