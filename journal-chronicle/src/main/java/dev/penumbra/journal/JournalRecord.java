package dev.penumbra.journal;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import org.jspecify.annotations.Nullable;

/** What one record of a journal says. */
sealed interface JournalRecord {
    RecordKind kind();

    /** A table layout that later records refer to by fingerprint. */
    record Schema(TableSchema schema) implements JournalRecord {
        @Override
        public RecordKind kind() {
            return RecordKind.SCHEMA;
        }
    }

    /**
     * An event with a position. Its images stay encoded until somebody asks for them.
     *
     * @param outboxId the row of the source's outbox that it came from; 0 when it came from none
     * @param before the encoded former image, or null
     * @param after the encoded new image, or null
     */
    record Event(
            Position position,
            TransactionId transaction,
            long outboxId,
            Operation operation,
            Origin origin,
            Fingerprint schema,
            @Nullable Bytes before,
            @Nullable Bytes after)
            implements JournalRecord {
        @Override
        public RecordKind kind() {
            return kind(operation, origin);
        }

        static RecordKind kind(Operation operation, Origin origin) {
            if (operation == Operation.TRUNCATE || operation == Operation.DROP) {
                return RecordKind.TRUNCATE;
            }
            return origin == Origin.CORRECTION ? RecordKind.CORRECTION : RecordKind.CHANGE;
        }
    }

    /** The events from first to last, which stand right before this record, are committed. */
    record Commit(TransactionId transaction, Position first, Position last, long committedAtMillis)
            implements JournalRecord {
        @Override
        public RecordKind kind() {
            return RecordKind.COMMIT;
        }
    }

    /**
     * A new epoch begins.
     *
     * @param epoch its number
     * @param former the last committed position before it
     * @param source the source's name
     * @param startedAtMillis when, by the writer's wall clock, for people to read
     * @param tornRecords how many records right before this one the writer found damaged or uncommitted and gave up
     * @param tornBytes their length
     */
    record Epoch(int epoch, Position former, String source, long startedAtMillis, long tornRecords, long tornBytes)
            implements JournalRecord {
        @Override
        public RecordKind kind() {
            return RecordKind.EPOCH;
        }
    }

    /** Everything up to the position, and everything of lower outbox ids that is in the journal, survives a crash. */
    record DurableMark(Position position) implements JournalRecord {
        @Override
        public RecordKind kind() {
            return RecordKind.DURABLE_MARK;
        }
    }

    /** Changes between the last position before and the first after this record are missing for this reason. */
    record Gap(String reason) implements JournalRecord {
        @Override
        public RecordKind kind() {
            return RecordKind.GAP;
        }
    }

    /** The events since the last commit were given up; their sequence numbers are used again. */
    record Abandon() implements JournalRecord {
        @Override
        public RecordKind kind() {
            return RecordKind.ABANDON;
        }
    }
}
