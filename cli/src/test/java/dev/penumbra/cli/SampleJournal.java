package dev.penumbra.cli;

import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A journal that a test writes. */
final class SampleJournal implements AutoCloseable {
    static final TableSchema ACCOUNT = new TableSchema(
            new TableName("PUBLIC", "ACCOUNT"),
            List.of(
                    new Column("ID", ColumnType.of(SqlType.BIGINT), false),
                    new Column("OWNER", ColumnType.of(SqlType.VARCHAR, 100, 0), true)),
            List.of("ID"));

    private final DualJournal journal;
    private long transactions;

    SampleJournal(Path directory) {
        this.journal = DualJournal.open(
                directory,
                "bank",
                JournalConfiguration.DEFAULT.withBlockBytes(1 << 20).withMinFreeBytes(0),
                Clock.systemUTC());
        journal.current();
    }

    /** One transaction that inserts these accounts. */
    Position insert(long... ids) {
        try (JournalWriter.TransactionAppender appender = begin()) {
            for (long id : ids) {
                appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(id, "owner " + id));
            }
            return appender.commit();
        }
    }

    /** One transaction of one change. */
    Position change(TableSchema schema, Operation operation, @Nullable Row before, @Nullable Row after) {
        try (JournalWriter.TransactionAppender appender = begin()) {
            appender.change(schema, operation, Origin.CAPTURED, before, after);
            return appender.commit();
        }
    }

    private JournalWriter.TransactionAppender begin() {
        return journal.current().begin(new TransactionId(1, ++transactions));
    }

    @Override
    public void close() {
        journal.close();
    }
}
