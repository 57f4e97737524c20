package dev.penumbra.bench;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import io.trino.tpch.Distributions;
import io.trino.tpch.LineItem;
import io.trino.tpch.LineItemGenerator;
import io.trino.tpch.Order;
import io.trino.tpch.OrderGenerator;
import io.trino.tpch.TextPool;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/** Orders and line items of TPC-H as rows. */
final class TpchRows {
    private static final double ORDERS_AT_SCALE_ONE = 1_500_000;
    private static final int CENTS = 2;

    // The generator's own pool has 300 MB; the sentences in it are made alike.
    private static final int TEXT_BYTES = 4 << 20;

    static final TableSchema ORDERS = new TableSchema(
            new TableName("PUBLIC", "ORDERS"),
            List.of(
                    column("O_ORDERKEY", SqlType.BIGINT, 64, 0),
                    column("O_CUSTKEY", SqlType.BIGINT, 64, 0),
                    column("O_ORDERSTATUS", SqlType.CHAR, 1, 0),
                    column("O_TOTALPRICE", SqlType.DECIMAL, 15, CENTS),
                    column("O_ORDERDATE", SqlType.DATE, 10, 0),
                    column("O_ORDERPRIORITY", SqlType.CHAR, 15, 0),
                    column("O_CLERK", SqlType.CHAR, 15, 0),
                    column("O_SHIPPRIORITY", SqlType.INTEGER, 32, 0),
                    column("O_COMMENT", SqlType.VARCHAR, 79, 0)),
            List.of("O_ORDERKEY"));

    static final TableSchema LINEITEM = new TableSchema(
            new TableName("PUBLIC", "LINEITEM"),
            List.of(
                    column("L_ORDERKEY", SqlType.BIGINT, 64, 0),
                    column("L_PARTKEY", SqlType.BIGINT, 64, 0),
                    column("L_SUPPKEY", SqlType.BIGINT, 64, 0),
                    column("L_LINENUMBER", SqlType.INTEGER, 32, 0),
                    column("L_QUANTITY", SqlType.DECIMAL, 15, CENTS),
                    column("L_EXTENDEDPRICE", SqlType.DECIMAL, 15, CENTS),
                    column("L_DISCOUNT", SqlType.DECIMAL, 15, CENTS),
                    column("L_TAX", SqlType.DECIMAL, 15, CENTS),
                    column("L_RETURNFLAG", SqlType.CHAR, 1, 0),
                    column("L_LINESTATUS", SqlType.CHAR, 1, 0),
                    column("L_SHIPDATE", SqlType.DATE, 10, 0),
                    column("L_COMMITDATE", SqlType.DATE, 10, 0),
                    column("L_RECEIPTDATE", SqlType.DATE, 10, 0),
                    column("L_SHIPINSTRUCT", SqlType.CHAR, 25, 0),
                    column("L_SHIPMODE", SqlType.CHAR, 10, 0),
                    column("L_COMMENT", SqlType.VARCHAR, 44, 0)),
            List.of("L_ORDERKEY", "L_LINENUMBER"));

    private TpchRows() {}

    private static Column column(String name, SqlType type, long precision, int scale) {
        return new Column(name, ColumnType.of(type, precision, scale), false);
    }

    /** The first so many orders. */
    static List<Row> orders(int count) {
        Distributions distributions = Distributions.getDefaultDistributions();
        TextPool text = new TextPool(TEXT_BYTES, distributions);
        double scale = scale(count);
        return first(count, new OrderGenerator(scale, 1, 1, distributions, text).iterator(), TpchRows::row);
    }

    /** The first so many line items. */
    static List<Row> lineItems(int count) {
        Distributions distributions = Distributions.getDefaultDistributions();
        TextPool text = new TextPool(TEXT_BYTES, distributions);
        double scale = scale(count);
        return first(count, new LineItemGenerator(scale, 1, 1, distributions, text).iterator(), TpchRows::row);
    }

    private static double scale(int count) {
        // An order has at least one line item.
        return Math.max(0.01, (count + 1) / ORDERS_AT_SCALE_ONE);
    }

    private static <T> List<Row> first(int count, Iterator<T> generated, Function<T, Row> form) {
        List<Row> rows = new ArrayList<>(count);
        while (rows.size() < count) {
            rows.add(form.apply(generated.next()));
        }
        return rows;
    }

    private static Row row(Order order) {
        return Row.of(
                order.getOrderKey(),
                order.getCustomerKey(),
                String.valueOf(order.getOrderStatus()),
                BigDecimal.valueOf(order.getTotalPriceInCents(), CENTS),
                LocalDate.ofEpochDay(order.getOrderDate()),
                order.getOrderPriority(),
                order.getClerk(),
                order.getShipPriority(),
                order.getComment());
    }

    private static Row row(LineItem item) {
        return Row.of(
                item.getOrderKey(),
                item.getPartKey(),
                item.getSupplierKey(),
                item.getLineNumber(),
                BigDecimal.valueOf(item.getQuantity()).setScale(CENTS),
                BigDecimal.valueOf(item.getExtendedPriceInCents(), CENTS),
                BigDecimal.valueOf(item.getDiscountPercent(), CENTS),
                BigDecimal.valueOf(item.getTaxPercent(), CENTS),
                item.getReturnFlag(),
                item.getStatus(),
                LocalDate.ofEpochDay(item.getShipDate()),
                LocalDate.ofEpochDay(item.getCommitDate()),
                LocalDate.ofEpochDay(item.getReceiptDate()),
                item.getShipInstructions(),
                item.getShipMode(),
                item.getComment());
    }
}
