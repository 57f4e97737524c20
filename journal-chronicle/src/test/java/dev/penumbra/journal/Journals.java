package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** What the journal tests share: a small table, a clock that stands still, and shorthand for writing and reading. */
final class Journals {
    static final TableSchema ACCOUNT = new TableSchema(
            new TableName("PUBLIC", "ACCOUNT"),
            List.of(
                    new Column("ID", ColumnType.of(SqlType.BIGINT), false),
                    new Column("OWNER", ColumnType.of(SqlType.VARCHAR, 100, 0), true)),
            List.of("ID"));

    static final JournalConfiguration SMALL = JournalConfiguration.DEFAULT
            .withBlockBytes(1 << 20)
            .withMinFreeBytes(0)
            .withRoll(JournalConfiguration.Roll.MINUTE);

    private Journals() {}

    static final class SetClock extends Clock {
        private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

        void advanceSeconds(long seconds) {
            now = now.plusSeconds(seconds);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new IllegalArgumentException("UTC only");
        }
    }

    static DualJournal open(Path directory) {
        return open(directory, SMALL);
    }

    static DualJournal open(Path directory, JournalConfiguration configuration) {
        return DualJournal.open(directory, "bank", configuration, Clock.systemUTC());
    }

    /** The end of an insert's event as an outbox would hold it. */
    static byte[] images(Row row) {
        Output output = new Output(64, 1 << 20);
        EventImages.write(output, Operation.INSERT, ACCOUNT, null, row);
        return output.toBytes();
    }

    static Position insert(JournalWriter writer, long transaction, long... ids) {
        try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(1, transaction))) {
            for (long id : ids) {
                appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(id, "owner " + id));
            }
            return appender.commit();
        }
    }

    /** The keys of all changes that a reader yields until it has no more, one list a transaction. */
    static List<List<Long>> drain(JournalReader reader) {
        List<List<Long>> transactions = new ArrayList<>();
        for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
            List<Long> ids = new ArrayList<>();
            for (Change change : next) {
                if (change.key() != null) {
                    ids.add((Long) change.key().get(0));
                }
            }
            transactions.add(ids);
        }
        return transactions;
    }

    static List<List<Long>> readAll(Path directory) {
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            return drain(reader);
        }
    }

    /** What a reader yields before it comes to damage, or to the end. */
    static List<List<Long>> readWhatIsThere(Path directory) {
        List<List<Long>> transactions = new ArrayList<>();
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                transactions.add(List.of((Long) next.iterator().next().key().get(0)));
            }
        } catch (PenumbraException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.JOURNAL_CORRUPT);
        }
        return transactions;
    }
}
