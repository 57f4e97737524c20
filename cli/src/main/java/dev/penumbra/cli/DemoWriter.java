package dev.penumbra.cli;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One session that changes the demo's orders: inserts, updates and deletes; where there are transactions also moves to other keys,
 * rollbacks and savepoints.
 *
 * <p>Writers share the tables but no rows, so that what they do depends on their seeds alone. Owned by one thread.
 */
final class DemoWriter implements AutoCloseable {
    private static final long FIRST_OWN_KEY = 1L << 40;
    private static final int LINES_MAX = 7;
    private static final int CENTS = 2;
    private static final int CENTS_MAX = 50_000_000;

    private final Connection connection;
    private final boolean isTransactional;
    private final SplittableRandom random;
    private final int number;
    private final int writers;
    private final List<Long> orders = new ArrayList<>();
    private final PreparedStatement insertOrder;
    private final PreparedStatement insertLine;
    private final PreparedStatement updateOrder;
    private final PreparedStatement updateLines;
    private final PreparedStatement deleteOrder;
    private final PreparedStatement deleteLines;
    private final @Nullable PreparedStatement moveOrder;
    private final @Nullable PreparedStatement moveLines;
    private final PreparedStatement updateCustomer;
    private final long customers;

    private long ownKeys;

    /** Row changes of the open transaction. */
    private long open;

    // Each is written by the owning thread and shown by another.
    private final LongAdder written = new LongAdder();
    private final LongAdder rolledBack = new LongAdder();
    private final LongAdder transactions = new LongAdder();

    /**
     * @param isTransactional whether several statements can be one transaction, and rows can get other keys
     * @param number from 0 to {@code writers - 1}; the writer has the orders whose keys leave it as remainder
     */
    DemoWriter(Connection connection, boolean isTransactional, long seed, int number, int writers) throws SQLException {
        this.connection = connection;
        this.isTransactional = isTransactional;
        this.random = new SplittableRandom(seed * 31 + number);
        this.number = number;
        this.writers = writers;
        this.insertOrder = connection.prepareStatement("INSERT INTO ORDERS VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        this.insertLine = connection.prepareStatement(
                "INSERT INTO LINEITEM VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        this.updateOrder = connection.prepareStatement(
                "UPDATE ORDERS SET O_TOTALPRICE = ?, O_ORDERSTATUS = ?, O_COMMENT = ? WHERE O_ORDERKEY = ?");
        this.updateLines =
                connection.prepareStatement("UPDATE LINEITEM SET L_QUANTITY = ?, L_COMMENT = ? WHERE L_ORDERKEY = ?");
        this.deleteOrder = connection.prepareStatement("DELETE FROM ORDERS WHERE O_ORDERKEY = ?");
        this.deleteLines = connection.prepareStatement("DELETE FROM LINEITEM WHERE L_ORDERKEY = ?");
        this.moveOrder = isTransactional
                ? connection.prepareStatement("UPDATE ORDERS SET O_ORDERKEY = ? WHERE O_ORDERKEY = ?")
                : null;
        this.moveLines = isTransactional
                ? connection.prepareStatement("UPDATE LINEITEM SET L_ORDERKEY = ? WHERE L_ORDERKEY = ?")
                : null;
        this.updateCustomer =
                connection.prepareStatement("UPDATE CUSTOMER SET C_ACCTBAL = C_ACCTBAL + ? WHERE C_CUSTKEY = ?");
        try (Statement statement = connection.createStatement()) {
            try (ResultSet keys = statement.executeQuery("SELECT O_ORDERKEY FROM ORDERS WHERE MOD(O_ORDERKEY, "
                    + writers + ") = " + number + " ORDER BY O_ORDERKEY")) {
                while (keys.next()) {
                    orders.add(keys.getLong(1));
                }
            }
            try (ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM CUSTOMER")) {
                count.next();
                customers = count.getLong(1);
            }
        }
        connection.setAutoCommit(!isTransactional);
    }

    /** Row changes that were committed, as they are journalled: rows that one statement moves are deletes and inserts. */
    long written() {
        return written.sum();
    }

    /** Row changes that were rolled back, with their transaction or to a savepoint. */
    long rolledBack() {
        return rolledBack.sum();
    }

    long transactions() {
        return transactions.sum();
    }

    /** Runs one transaction; one that the database ends because of a deadlock counts as rolled back. */
    void transaction() throws SQLException {
        open = 0;
        try {
            attempt();
        } catch (SQLTransactionRollbackException e) {
            connection.rollback();
            rolledBack.add(open);
        }
        transactions.increment();
    }

    private void attempt() throws SQLException {
        // Those from 70 on need transactions.
        int kind = random.nextInt(isTransactional ? 100 : 70);
        if (orders.isEmpty() || kind < 30) {
            long key = insert();
            commit();
            orders.add(key);
        } else if (kind < 60) {
            update(any());
            commit();
        } else if (kind < 70) {
            int at = random.nextInt(orders.size());
            delete(orders.get(at));
            commit();
            forget(at);
        } else if (kind < 78) {
            int at = random.nextInt(orders.size());
            long moved = newKey();
            move(orders.get(at), moved);
            commit();
            orders.set(at, moved);
        } else if (kind < 90) {
            rollBackAll();
        } else {
            rollBackPart();
        }
    }

    private void rollBackAll() throws SQLException {
        insert();
        update(any());
        if (random.nextBoolean()) {
            delete(any());
        }
        connection.rollback();
        rolledBack.add(open);
    }

    private void rollBackPart() throws SQLException {
        update(any());
        long kept = open;
        Savepoint savepoint = connection.setSavepoint();
        insert();
        move(any(), newKey());
        connection.rollback(savepoint);
        rolledBack.add(open - kept);
        open = kept;
        long key = insert();
        commit();
        orders.add(key);
    }

    private void commit() throws SQLException {
        if (isTransactional) {
            connection.commit();
        }
        written.add(open);
    }

    private long any() {
        return orders.get(random.nextInt(orders.size()));
    }

    private void forget(int at) {
        Long last = orders.remove(orders.size() - 1);
        if (at < orders.size()) {
            orders.set(at, last);
        }
    }

    /** A key that no order has had and that leaves this writer's remainder. */
    private long newKey() {
        return FIRST_OWN_KEY + ownKeys++ * writers + number;
    }

    private BigDecimal amount() {
        return BigDecimal.valueOf(random.nextInt(CENTS_MAX), CENTS);
    }

    private String words() {
        return "seen " + Long.toString(random.nextLong(), Character.MAX_RADIX);
    }

    private Date day() {
        return Date.valueOf(LocalDate.of(1992, 1, 1).plusDays(random.nextInt(2_400)));
    }

    private long customer() {
        return 1 + random.nextLong(customers);
    }

    private long insert() throws SQLException {
        long key = newKey();
        insertOrder.setLong(1, key);
        insertOrder.setLong(2, customer());
        insertOrder.setString(3, "O");
        insertOrder.setBigDecimal(4, amount());
        insertOrder.setDate(5, day());
        insertOrder.setString(6, "3-MEDIUM");
        insertOrder.setString(7, "Clerk#" + random.nextInt(1_000));
        insertOrder.setInt(8, 0);
        insertOrder.setString(9, words());
        open += insertOrder.executeUpdate();
        int lines = 1 + random.nextInt(LINES_MAX);
        for (int line = 1; line <= lines; line++) {
            insertLine(key, line);
        }
        return key;
    }

    private void insertLine(long key, int line) throws SQLException {
        insertLine.setLong(1, key);
        insertLine.setLong(2, random.nextInt(200_000));
        insertLine.setLong(3, random.nextInt(10_000));
        insertLine.setInt(4, line);
        insertLine.setBigDecimal(5, BigDecimal.valueOf(1 + random.nextInt(50)));
        insertLine.setBigDecimal(6, amount());
        insertLine.setBigDecimal(7, BigDecimal.valueOf(random.nextInt(11), CENTS));
        insertLine.setBigDecimal(8, BigDecimal.valueOf(random.nextInt(9), CENTS));
        insertLine.setString(9, "N");
        insertLine.setString(10, "O");
        insertLine.setDate(11, day());
        insertLine.setDate(12, day());
        insertLine.setDate(13, day());
        insertLine.setString(14, "DELIVER IN PERSON");
        insertLine.setString(15, "TRUCK");
        insertLine.setString(16, words());
        open += insertLine.executeUpdate();
    }

    private void update(long key) throws SQLException {
        updateOrder.setBigDecimal(1, amount());
        updateOrder.setString(2, random.nextBoolean() ? "F" : "P");
        updateOrder.setString(3, words());
        updateOrder.setLong(4, key);
        open += updateOrder.executeUpdate();
        if (random.nextInt(3) == 0) {
            updateLines.setBigDecimal(1, BigDecimal.valueOf(1 + random.nextInt(50)));
            updateLines.setString(2, words());
            updateLines.setLong(3, key);
            open += updateLines.executeUpdate();
        }
        long customer = customer();
        if (customer % writers == number) {
            updateCustomer.setBigDecimal(1, BigDecimal.valueOf(random.nextInt(100), CENTS));
            updateCustomer.setLong(2, customer);
            open += updateCustomer.executeUpdate();
        }
    }

    private void delete(long key) throws SQLException {
        deleteLines.setLong(1, key);
        open += deleteLines.executeUpdate();
        deleteOrder.setLong(1, key);
        open += deleteOrder.executeUpdate();
    }

    private void move(long from, long to) throws SQLException {
        open += move(Objects.requireNonNull(moveOrder), from, to);
        int lines = move(Objects.requireNonNull(moveLines), from, to);
        // One row that moves is an update; of several each may have got a key that another one left.
        open += lines > 1 ? 2 * lines : lines;
    }

    private static int move(PreparedStatement statement, long from, long to) throws SQLException {
        statement.setLong(1, to);
        statement.setLong(2, from);
        return statement.executeUpdate();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
