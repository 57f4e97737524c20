package dev.penumbra.bench;

import dev.penumbra.ignite.PenumbraConfiguration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.Ignition;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;

/**
 * A table of a node in this process, without backups: nothing but the node itself takes time.
 *
 * <p>A commit of one row is a SQL statement, or a {@code put} through the cache API; a commit of several is a {@code putAll}. What is measured is
 * elapsed time, because a statement runs on the node's threads.
 */
final class CapturedIgniteTable implements CapturedTable {
    private static final String VALUE_TYPE = "BENCH_ORDERS";
    private static final String NOTE = "customer note please deliver carefully and ring twice";

    private final Ignite node;
    private final IgniteCache<?, ?> sql;
    private final IgniteCache<Long, BinaryObject> cache;

    CapturedIgniteTable(Path directory) throws java.io.IOException {
        GridOfThree.settings();
        this.node = Ignition.start(GridOfThree.node(
                "capture",
                GridOfThree.freePort(),
                directory.resolve("work"),
                new PenumbraConfiguration()
                        .setCaptureDirectory(directory.resolve("journal").toString()),
                new TcpCommunicationSpi()));
        this.sql = node.getOrCreateCache(new CacheConfiguration<>("BENCH_SQL"));
        run("CREATE TABLE ORDERS (O_ID BIGINT PRIMARY KEY, O_CUSTOMER INTEGER, O_STATE VARCHAR, O_TOTAL DOUBLE,"
                + " O_NOTE VARCHAR) WITH \"cache_name=BENCH_ORDERS,value_type=" + VALUE_TYPE + "\"");
        this.cache = node.<Long, BinaryObject>cache("BENCH_ORDERS").withKeepBinary();
    }

    private List<List<?>> run(String statement, Object... parameters) {
        return sql.query(new SqlFieldsQuery(statement).setArgs(parameters)).getAll();
    }

    @Override
    public void capture() {
        run("CREATE TRIGGER ORDERS_CAPTURE AFTER INSERT, UPDATE, DELETE ON ORDERS FOR EACH ROW CAPTURE");
        settle();
    }

    @Override
    public void insert(int rows, int rowsPerCommit) {
        if (rowsPerCommit == 1) {
            for (long id = 0; id < rows; id++) {
                run("INSERT INTO ORDERS VALUES (?, 1, 'OPEN', 10.5, '" + NOTE + "')", id);
            }
        } else {
            putAll(rows, rowsPerCommit, 10.5);
        }
    }

    @Override
    public void update(int rows, int rowsPerCommit) {
        if (rowsPerCommit == 1) {
            for (long id = 0; id < rows; id++) {
                run("UPDATE ORDERS SET O_TOTAL = O_TOTAL + 1 WHERE O_ID = ?", id);
            }
        } else {
            putAll(rows, rowsPerCommit, 11.5);
        }
    }

    private void putAll(int rows, int rowsPerCommit, double total) {
        for (int first = 0; first < rows; first += rowsPerCommit) {
            TreeMap<Long, BinaryObject> batch = new TreeMap<>();
            for (long id = first; id < Math.min(rows, first + rowsPerCommit); id++) {
                batch.put(id, value(total));
            }
            cache.putAll(batch);
        }
    }

    private BinaryObject value(double total) {
        return node.binary()
                .builder(VALUE_TYPE)
                .setField("O_CUSTOMER", 1)
                .setField("O_STATE", "OPEN")
                .setField("O_TOTAL", total)
                .setField("O_NOTE", NOTE)
                .build();
    }

    @Override
    public void put(int rows) {
        for (long id = 0; id < rows; id++) {
            cache.put(id, value((double) id));
        }
    }

    @Override
    public void settle() {
        GridOfThree.await("the journal to have everything", () -> {
            List<List<?>> found = run("SELECT PHASE, WAITING FROM SYS.PENUMBRA_TRIGGERS");
            return found.equals(List.of(new ArrayList<>(List.of("RUNNING", 0L))));
        });
    }

    @Override
    public long costNanos() {
        return System.nanoTime();
    }

    @Override
    public long relayNanos() {
        return ThreadTime.ofThreadsNamed("penumbra-triggers-");
    }

    @Override
    public void close() {
        Ignition.stop(node.name(), true);
    }
}
