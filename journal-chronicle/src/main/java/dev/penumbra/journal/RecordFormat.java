package dev.penumbra.journal;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Encodes and decodes journal records; used by one thread at a time.
 *
 * <pre>
 *  0         1         2                   4                                       8
 *  +---------+---------+-------------------+---------------------------------------+-----------
 *  | version |  kind   |   reserved = 0    | CRC-32C of bytes 0-3 and of the body  | body ...
 *  +---------+---------+-------------------+---------------------------------------+-----------
 * </pre>
 *
 * <p>Bodies are written by Kryo serializers registered for exactly the record classes; a class that is not registered is
 * an error, and nothing is ever read by Java deserialization.
 */
final class RecordFormat {
    /** The version that this program writes and the newest that it reads. */
    static final int VERSION = 1;

    static final int HEADER_LENGTH = 8;
    private static final int CHECKSUM_OFFSET = 4;

    private final Kryo kryo = new Kryo();
    private final CRC32C checksum = new CRC32C();
    private final Input input = new Input();

    RecordFormat() {
        kryo.setRegistrationRequired(true);
        kryo.setReferences(false);
        int id = 16;
        kryo.register(JournalRecord.Schema.class, new SchemaSerializer(), id++);
        kryo.register(JournalRecord.Event.class, new EventSerializer(), id++);
        kryo.register(JournalRecord.Commit.class, new CommitSerializer(), id++);
        kryo.register(JournalRecord.Epoch.class, new EpochSerializer(), id++);
        kryo.register(JournalRecord.DurableMark.class, new DurableMarkSerializer(), id++);
        kryo.register(JournalRecord.Gap.class, new GapSerializer(), id++);
        kryo.register(JournalRecord.Abandon.class, new AbandonSerializer(), id);
    }

    /** Replaces the buffer's content by a whole record. */
    void encode(JournalRecord record, Output output) {
        beginRecord(output, record.kind());
        kryo.writeObject(output, record);
        endRecord(output);
    }

    static void beginRecord(Output output, RecordKind kind) {
        output.reset();
        output.writeByte(VERSION);
        output.writeByte(kind.code());
        output.writeShort(0);
        output.writeInt(0);
    }

    /** Writes the checksum of a record that {@link #beginRecord} began. */
    void endRecord(Output output) {
        int length = output.position();
        int sum = checksumOf(output.getBuffer(), length);
        output.setPosition(CHECKSUM_OFFSET);
        output.writeInt(sum);
        output.setPosition(length);
    }

    private int checksumOf(byte[] record, int length) {
        checksum.reset();
        checksum.update(record, 0, CHECKSUM_OFFSET);
        checksum.update(record, HEADER_LENGTH, length - HEADER_LENGTH);
        return (int) checksum.getValue();
    }

    /** Whether the bytes are a record whose checksum fits. */
    boolean isWhole(byte[] record, int length) {
        return length >= HEADER_LENGTH && readChecksum(record) == checksumOf(record, length);
    }

    private int readChecksum(byte[] record) {
        input.setBuffer(record, CHECKSUM_OFFSET, Integer.BYTES);
        return input.readInt();
    }

    /** The kind's code of a record of at least header length. */
    static int kindCode(byte[] record) {
        return record[1];
    }

    /**
     * Decodes a record.
     *
     * @throws PenumbraException with JOURNAL_CORRUPT when the checksum does not fit or the body makes no sense,
     *     JOURNAL_NEWER when a newer version wrote it, RECORD_KIND_UNKNOWN when its kind is a later version's
     */
    JournalRecord decode(byte[] record, int length) {
        if (length >= HEADER_LENGTH && record[0] > VERSION && isWhole(record, length)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NEWER)
                    .with("recordVersion", record[0])
                    .with("supportedVersion", VERSION);
        }
        if (!isWhole(record, length)) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("reason", "checksum");
        }
        @Nullable RecordKind kind = RecordKind.ofCode(record[1]);
        input.setBuffer(record, HEADER_LENGTH, length - HEADER_LENGTH);
        if (kind == null) {
            throw unknownKind(record[1]);
        }
        try {
            return kryo.readObject(input, classOf(kind));
        } catch (KryoException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT, e).with("kind", kind);
        }
    }

    private static Class<? extends JournalRecord> classOf(RecordKind kind) {
        return switch (kind) {
            case SCHEMA -> JournalRecord.Schema.class;
            case CHANGE, TRUNCATE, CORRECTION -> JournalRecord.Event.class;
            case COMMIT -> JournalRecord.Commit.class;
            case EPOCH -> JournalRecord.Epoch.class;
            case DURABLE_MARK -> JournalRecord.DurableMark.class;
            case GAP -> JournalRecord.Gap.class;
            case ABANDON -> JournalRecord.Abandon.class;
        };
    }

    private PenumbraException unknownKind(int code) {
        PenumbraException unknown = new PenumbraException(ErrorCode.RECORD_KIND_UNKNOWN).with("kindCode", code);
        if (code >= RecordKind.RESERVED_FROM && code <= RecordKind.RESERVED_TO) {
            try {
                unknown.with("kind", input.readString());
            } catch (KryoException e) {
                unknown.with("kind", "unreadable");
            }
        }
        return unknown;
    }

    private static void writePosition(Output output, Position position) {
        output.writeVarInt(position.epoch(), true);
        output.writeVarLong(position.sequence(), true);
    }

    private static Position readPosition(Input input) {
        return new Position(input.readVarInt(true), input.readVarLong(true));
    }

    private static void writeTransaction(Output output, TransactionId transaction) {
        output.writeVarLong(transaction.opening(), true);
        output.writeVarLong(transaction.number(), true);
    }

    private static TransactionId readTransaction(Input input) {
        return new TransactionId(input.readVarLong(true), input.readVarLong(true));
    }

    private static String readText(Input input) {
        @Nullable String text = input.readString();
        if (text == null) {
            throw new KryoException("text is null");
        }
        return text;
    }

    /** Begins an event's body; the bytes of {@link EventImages} end it. */
    static void writeEventHead(
            Output output, Position position, TransactionId transaction, long outboxId, Origin origin) {
        writePosition(output, position);
        writeTransaction(output, transaction);
        output.writeVarLong(outboxId, true);
        output.writeByte(originCode(origin));
    }

    /** Writes a commit's body. */
    static void writeCommit(
            Output output, TransactionId transaction, Position first, Position last, long committedAtMillis) {
        writeTransaction(output, transaction);
        writePosition(output, first);
        writePosition(output, last);
        output.writeVarLong(committedAtMillis, true);
    }

    private static int originCode(Origin origin) {
        return switch (origin) {
            case CAPTURED -> 0;
            case SNAPSHOT -> 1;
            case CORRECTION -> 2;
        };
    }

    private static Origin originOf(int code) {
        return switch (code) {
            case 0 -> Origin.CAPTURED;
            case 1 -> Origin.SNAPSHOT;
            case 2 -> Origin.CORRECTION;
            default -> throw new KryoException("origin " + code);
        };
    }

    private abstract static class RecordSerializer<T> extends Serializer<T> {
        RecordSerializer() {
            super(false, true);
        }
    }

    private static final class EventSerializer extends RecordSerializer<JournalRecord.Event> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.Event event) {
            writeEventHead(output, event.position(), event.transaction(), event.outboxId(), event.origin());
            EventImages.write(output, event.operation(), event.schema(), event.before(), event.after());
        }

        @Override
        public JournalRecord.Event read(Kryo kryo, Input input, Class<? extends JournalRecord.Event> type) {
            Position position = readPosition(input);
            TransactionId transaction = readTransaction(input);
            long outboxId = input.readVarLong(true);
            Origin origin = originOf(input.readByte());
            Operation operation = Operation.ofCode(input.readByte());
            Fingerprint schema = new Fingerprint(input.readLong());
            @Nullable Bytes before = EventImages.readImage(input);
            @Nullable Bytes after = EventImages.readImage(input);
            return new JournalRecord.Event(position, transaction, outboxId, operation, origin, schema, before, after);
        }
    }

    private static final class CommitSerializer extends RecordSerializer<JournalRecord.Commit> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.Commit commit) {
            writeCommit(output, commit.transaction(), commit.first(), commit.last(), commit.committedAtMillis());
        }

        @Override
        public JournalRecord.Commit read(Kryo kryo, Input input, Class<? extends JournalRecord.Commit> type) {
            return new JournalRecord.Commit(
                    readTransaction(input), readPosition(input), readPosition(input), input.readVarLong(true));
        }
    }

    private static final class EpochSerializer extends RecordSerializer<JournalRecord.Epoch> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.Epoch epoch) {
            output.writeVarInt(epoch.epoch(), true);
            writePosition(output, epoch.former());
            output.writeString(epoch.source());
            output.writeVarLong(epoch.startedAtMillis(), true);
            output.writeVarLong(epoch.tornRecords(), true);
            output.writeVarLong(epoch.tornBytes(), true);
        }

        @Override
        public JournalRecord.Epoch read(Kryo kryo, Input input, Class<? extends JournalRecord.Epoch> type) {
            return new JournalRecord.Epoch(
                    input.readVarInt(true),
                    readPosition(input),
                    readText(input),
                    input.readVarLong(true),
                    input.readVarLong(true),
                    input.readVarLong(true));
        }
    }

    private static final class DurableMarkSerializer extends RecordSerializer<JournalRecord.DurableMark> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.DurableMark mark) {
            writePosition(output, mark.position());
        }

        @Override
        public JournalRecord.DurableMark read(Kryo kryo, Input input, Class<? extends JournalRecord.DurableMark> type) {
            return new JournalRecord.DurableMark(readPosition(input));
        }
    }

    private static final class GapSerializer extends RecordSerializer<JournalRecord.Gap> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.Gap gap) {
            output.writeString(gap.reason());
        }

        @Override
        public JournalRecord.Gap read(Kryo kryo, Input input, Class<? extends JournalRecord.Gap> type) {
            return new JournalRecord.Gap(readText(input));
        }
    }

    private static final class AbandonSerializer extends RecordSerializer<JournalRecord.Abandon> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.Abandon abandon) {
            // The kind says it all.
        }

        @Override
        public JournalRecord.Abandon read(Kryo kryo, Input input, Class<? extends JournalRecord.Abandon> type) {
            return new JournalRecord.Abandon();
        }
    }

    private static final class SchemaSerializer extends RecordSerializer<JournalRecord.Schema> {
        @Override
        public void write(Kryo kryo, Output output, JournalRecord.Schema record) {
            TableSchema schema = record.schema();
            output.writeLong(schema.fingerprint().value());
            output.writeString(schema.name().schema());
            output.writeString(schema.name().table());
            output.writeVarInt(schema.size(), true);
            for (Column column : schema.columns()) {
                output.writeString(column.name());
                writeType(output, column.type());
                output.writeBoolean(column.nullable());
            }
            int[] key = schema.keyOrdinals();
            output.writeVarInt(key.length, true);
            for (int ordinal : key) {
                output.writeVarInt(ordinal, true);
            }
        }

        private static void writeType(Output output, ColumnType type) {
            output.writeVarInt(type.type().code(), true);
            output.writeVarLong(type.precision(), true);
            output.writeVarInt(type.scale(), false);
            ColumnType element = type.element();
            if (element != null) {
                writeType(output, element);
            }
        }

        @Override
        public JournalRecord.Schema read(Kryo kryo, Input input, Class<? extends JournalRecord.Schema> type) {
            Fingerprint fingerprint = new Fingerprint(input.readLong());
            TableName name = new TableName(readText(input), readText(input));
            int size = input.readVarInt(true);
            List<Column> columns = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                columns.add(new Column(readText(input), readType(input), input.readBoolean()));
            }
            int keys = input.readVarInt(true);
            List<String> keyColumns = new ArrayList<>();
            for (int i = 0; i < keys; i++) {
                keyColumns.add(columns.get(input.readVarInt(true)).name());
            }
            TableSchema schema = new TableSchema(name, columns, keyColumns);
            if (!schema.fingerprint().equals(fingerprint)) {
                throw new KryoException("schema of " + name + " does not have its fingerprint " + fingerprint);
            }
            return new JournalRecord.Schema(schema);
        }

        private static ColumnType readType(Input input) {
            SqlType type = SqlType.ofCode(input.readVarInt(true));
            long precision = input.readVarLong(true);
            int scale = input.readVarInt(false);
            return new ColumnType(type, precision, scale, type == SqlType.ARRAY ? readType(input) : null);
        }
    }
}
