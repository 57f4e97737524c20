package dev.penumbra.ignite;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;

/** Rows as TPC-H has them, enough alike to compress and enough apart to differ. */
@NullMarked
final class Orders {
    static final TableName NAME = new TableName("PUBLIC", "ORDERS");

    static final TableSchema SCHEMA = new TableSchema(
            NAME,
            List.of(
                    column("ORDERKEY", SqlType.BIGINT),
                    column("CUSTKEY", SqlType.BIGINT),
                    column("ORDERSTATUS", SqlType.CHAR),
                    column("TOTALPRICE", SqlType.DECIMAL),
                    column("ORDERDATE", SqlType.DATE),
                    column("ORDERPRIORITY", SqlType.VARCHAR),
                    column("CLERK", SqlType.VARCHAR),
                    column("SHIPPRIORITY", SqlType.INTEGER),
                    column("COMMENT", SqlType.VARCHAR)),
            List.of("ORDERKEY"));

    private static final String[] PRIORITIES = {"1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"};
    private static final String[] WORDS =
            ("furiously slyly carefully blithely quickly special pending regular final ironic"
                            + " requests deposits packages accounts instructions foxes theodolites sleep haggle nag along the")
                    .split(" ");

    private Orders() {}

    static Column column(String name, SqlType type) {
        return new Column(name, ColumnType.of(type), true);
    }

    static Row row(long key, Random random) {
        StringBuilder comment = new StringBuilder();
        int words = 3 + random.nextInt(8);
        for (int i = 0; i < words; i++) {
            comment.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
        }
        return Row.of(
                key,
                (long) random.nextInt(150_000),
                random.nextBoolean() ? "O" : "F",
                BigDecimal.valueOf(90_000 + random.nextInt(40_000_000), 2),
                LocalDate.ofEpochDay(8_036 + random.nextInt(2_400)),
                PRIORITIES[random.nextInt(PRIORITIES.length)],
                String.format("Clerk#%09d", random.nextInt(1_000)),
                0,
                comment.toString());
    }
}
