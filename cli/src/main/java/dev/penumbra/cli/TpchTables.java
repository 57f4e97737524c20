package dev.penumbra.cli;

import io.trino.tpch.Customer;
import io.trino.tpch.CustomerGenerator;
import io.trino.tpch.Distributions;
import io.trino.tpch.LineItem;
import io.trino.tpch.LineItemGenerator;
import io.trino.tpch.Order;
import io.trino.tpch.OrderGenerator;
import io.trino.tpch.TextPool;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.List;

/** Three tables of TPC-H and their rows: customers, orders, line items. */
final class TpchTables {
    static final List<String> NAMES = List.of("CUSTOMER", "ORDERS", "LINEITEM");

    /** Rows of the three tables at scale factor 1. */
    private static final double ROWS_AT_SCALE_ONE = 150_000 + 1_500_000 + 6_001_215;

    private static final int CENTS = 2;
    private static final int BATCH = 1_000;

    // The generator's own pool has 300 MB; the sentences in it are made alike.
    private static final int TEXT_BYTES = 4 << 20;

    private static final String CUSTOMER =
            "CREATE TABLE CUSTOMER (C_CUSTKEY BIGINT PRIMARY KEY, C_NAME VARCHAR(25) NOT NULL,"
                    + " C_ADDRESS VARCHAR(40) NOT NULL, C_NATIONKEY BIGINT NOT NULL, C_PHONE CHAR(15) NOT NULL,"
                    + " C_ACCTBAL DECIMAL(15, 2) NOT NULL, C_MKTSEGMENT CHAR(10) NOT NULL, C_COMMENT VARCHAR(117) NOT NULL)";
    private static final String ORDERS =
            "CREATE TABLE ORDERS (O_ORDERKEY BIGINT PRIMARY KEY, O_CUSTKEY BIGINT NOT NULL,"
                    + " O_ORDERSTATUS CHAR(1) NOT NULL, O_TOTALPRICE DECIMAL(15, 2) NOT NULL, O_ORDERDATE DATE NOT NULL,"
                    + " O_ORDERPRIORITY CHAR(15) NOT NULL, O_CLERK CHAR(15) NOT NULL, O_SHIPPRIORITY INTEGER NOT NULL,"
                    + " O_COMMENT VARCHAR(79) NOT NULL)";
    private static final String LINEITEM =
            "CREATE TABLE LINEITEM (L_ORDERKEY BIGINT NOT NULL, L_PARTKEY BIGINT NOT NULL,"
                    + " L_SUPPKEY BIGINT NOT NULL, L_LINENUMBER INTEGER NOT NULL, L_QUANTITY DECIMAL(15, 2) NOT NULL,"
                    + " L_EXTENDEDPRICE DECIMAL(15, 2) NOT NULL, L_DISCOUNT DECIMAL(15, 2) NOT NULL,"
                    + " L_TAX DECIMAL(15, 2) NOT NULL, L_RETURNFLAG CHAR(1) NOT NULL, L_LINESTATUS CHAR(1) NOT NULL,"
                    + " L_SHIPDATE DATE NOT NULL, L_COMMITDATE DATE NOT NULL, L_RECEIPTDATE DATE NOT NULL,"
                    + " L_SHIPINSTRUCT CHAR(25) NOT NULL, L_SHIPMODE CHAR(10) NOT NULL, L_COMMENT VARCHAR(44) NOT NULL,"
                    + " PRIMARY KEY (L_ORDERKEY, L_LINENUMBER))";

    private TpchTables() {}

    /** The columns of a table's key. */
    static List<String> keyColumns(String table) {
        return switch (table) {
            case "CUSTOMER" -> List.of("C_CUSTKEY");
            case "ORDERS" -> List.of("O_ORDERKEY");
            case "LINEITEM" -> List.of("L_ORDERKEY", "L_LINENUMBER");
            default -> throw new IllegalArgumentException("no such table: " + table);
        };
    }

    /**
     * Creates the tables, empty.
     *
     * @param options what the database lets one say behind a table's columns
     */
    static void create(Connection connection, String options) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(CUSTOMER + options);
            statement.execute(ORDERS + options);
            statement.execute(LINEITEM + options);
        }
    }

    /**
     * Fills the tables with about so many rows together, in the proportions of TPC-H.
     *
     * @param isTransactional whether several statements can be one transaction
     * @return how many rows there are
     */
    static long fill(Connection connection, boolean isTransactional, long rows) throws SQLException {
        double scale = rows / ROWS_AT_SCALE_ONE;
        Distributions distributions = Distributions.getDefaultDistributions();
        TextPool text = new TextPool(TEXT_BYTES, distributions);
        Loading loading = new Loading(connection, isTransactional);
        loading.table(
                "INSERT INTO CUSTOMER VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                new CustomerGenerator(scale, 1, 1, distributions, text),
                TpchTables::bind);
        loading.table(
                "INSERT INTO ORDERS VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                new OrderGenerator(scale, 1, 1, distributions, text),
                TpchTables::bind);
        loading.table(
                "INSERT INTO LINEITEM VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                new LineItemGenerator(scale, 1, 1, distributions, text),
                TpchTables::bind);
        return loading.rows;
    }

    /** Puts one row into a prepared insert. */
    private interface Binding<R> {
        void bind(PreparedStatement insert, R row) throws SQLException;
    }

    private static final class Loading {
        private final Connection connection;
        private final boolean isTransactional;
        private long rows;

        Loading(Connection connection, boolean isTransactional) {
            this.connection = connection;
            this.isTransactional = isTransactional;
        }

        <R> void table(String sql, Iterable<R> generator, Binding<R> binding) throws SQLException {
            connection.setAutoCommit(!isTransactional);
            try (PreparedStatement insert = connection.prepareStatement(sql)) {
                int batched = 0;
                for (R row : generator) {
                    binding.bind(insert, row);
                    insert.addBatch();
                    rows++;
                    if (++batched == BATCH) {
                        execute(insert);
                        batched = 0;
                    }
                }
                if (batched > 0) {
                    execute(insert);
                }
            } finally {
                connection.setAutoCommit(true);
            }
        }

        private void execute(PreparedStatement insert) throws SQLException {
            insert.executeBatch();
            if (isTransactional) {
                connection.commit();
            }
        }
    }

    private static void bind(PreparedStatement insert, Customer row) throws SQLException {
        insert.setLong(1, row.getCustomerKey());
        insert.setString(2, row.getName());
        insert.setString(3, row.getAddress());
        insert.setLong(4, row.getNationKey());
        insert.setString(5, row.getPhone());
        insert.setBigDecimal(6, BigDecimal.valueOf(row.getAccountBalanceInCents(), CENTS));
        insert.setString(7, row.getMarketSegment());
        insert.setString(8, row.getComment());
    }

    private static void bind(PreparedStatement insert, Order row) throws SQLException {
        insert.setLong(1, row.getOrderKey());
        insert.setLong(2, row.getCustomerKey());
        insert.setString(3, String.valueOf(row.getOrderStatus()));
        insert.setBigDecimal(4, BigDecimal.valueOf(row.getTotalPriceInCents(), CENTS));
        insert.setDate(5, date(row.getOrderDate()));
        insert.setString(6, row.getOrderPriority());
        insert.setString(7, row.getClerk());
        insert.setInt(8, row.getShipPriority());
        insert.setString(9, row.getComment());
    }

    private static void bind(PreparedStatement insert, LineItem row) throws SQLException {
        insert.setLong(1, row.getOrderKey());
        insert.setLong(2, row.getPartKey());
        insert.setLong(3, row.getSupplierKey());
        insert.setInt(4, row.getLineNumber());
        insert.setBigDecimal(5, BigDecimal.valueOf(row.getQuantity()));
        insert.setBigDecimal(6, BigDecimal.valueOf(row.getExtendedPriceInCents(), CENTS));
        insert.setBigDecimal(7, BigDecimal.valueOf(row.getDiscountPercent(), CENTS));
        insert.setBigDecimal(8, BigDecimal.valueOf(row.getTaxPercent(), CENTS));
        insert.setString(9, row.getReturnFlag());
        insert.setString(10, row.getStatus());
        insert.setDate(11, date(row.getShipDate()));
        insert.setDate(12, date(row.getCommitDate()));
        insert.setDate(13, date(row.getReceiptDate()));
        insert.setString(14, row.getShipInstructions());
        insert.setString(15, row.getShipMode());
        insert.setString(16, row.getComment());
    }

    private static Date date(int epochDay) {
        return Date.valueOf(LocalDate.ofEpochDay(epochDay));
    }
}
