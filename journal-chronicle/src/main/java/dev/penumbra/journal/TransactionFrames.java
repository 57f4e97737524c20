package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Committed transactions as bytes on their way to another process, in frames of bounded size.
 *
 * <p>A frame is a sequence of records as a journal has them, each behind what it is and its length:
 *
 * <pre>
 * 0 or 1 (1) | length (4) | record
 * </pre>
 *
 * <p>A transaction begins with its commit record, because whoever reads it must know its end before its changes have all come; so many
 * changes follow as it has positions. A layout stands before the first change that has it. Of a row that is removed and not known, the
 * record has the key's columns alone in place of the row before; that is what 1 says. No record is in two frames; a transaction may be.
 */
@Internal
public final class TransactionFrames {
    /** A frame is passed on when it has so many bytes; it is larger only by its last record. */
    public static final int FRAME_BYTES = 64 << 10;

    private static final byte PLAIN = 0;
    private static final byte KEY_ONLY = 1;
    private static final int RECORD_HEAD_BYTES = 1 + Integer.BYTES;
    private static final int INITIAL_BYTES = 4 << 10;
    private static final int MAX_BYTES = Integer.MAX_VALUE - 8;
    /** What is on its way comes from a journal, not from an outbox. */
    private static final long NO_OUTBOX = 0;

    private TransactionFrames() {}

    /** What a commit says of a transaction. */
    public interface Head {
        Position first();

        Position last();

        long committedAtMillis();
    }

    /** Writes transactions into frames. Owned by one thread at a time. */
    public static final class Writer {
        private final Consumer<byte[]> frames;
        private final RecordFormat format = new RecordFormat();
        private final Set<Fingerprint> known = new HashSet<>();
        private final Output record = new Output(INITIAL_BYTES, MAX_BYTES);
        private final Output frame = new Output(FRAME_BYTES + INITIAL_BYTES, MAX_BYTES);

        /** @param frames takes each frame when it is full; may wait */
        public Writer(Consumer<byte[]> frames) {
            this.frames = frames;
        }

        /** Writes a transaction; its end may not have been passed on before {@link #flush()}. */
        public void write(Head head, Iterable<Change> changes) {
            TransactionId none = new TransactionId(0, 0);
            format.encode(new JournalRecord.Commit(none, head.first(), head.last(), head.committedAtMillis()), record);
            append(PLAIN);
            for (Change change : changes) {
                write(change);
            }
        }

        private void write(Change change) {
            TableSchema layout = change.schema();
            if (known.add(layout.fingerprint())) {
                format.encode(new JournalRecord.Schema(layout), record);
                append(PLAIN);
            }
            Key key = change.key();
            boolean keyOnly = key != null && change.before() == null && change.after() == null;
            RecordFormat.beginRecord(record, JournalRecord.Event.kind(change.operation(), change.origin()));
            RecordFormat.writeEventHead(record, change.position(), change.transaction(), NO_OUTBOX, change.origin());
            if (keyOnly) {
                EventImages.write(
                        record,
                        change.operation(),
                        layout.fingerprint(),
                        KeyFormat.write(layout, Objects.requireNonNull(key)),
                        null);
            } else {
                EventImages.write(record, change.operation(), layout, change.before(), change.after());
            }
            format.endRecord(record);
            append(keyOnly ? KEY_ONLY : PLAIN);
        }

        private void append(byte form) {
            frame.writeByte(form);
            frame.writeInt(record.position());
            frame.writeBytes(record.getBuffer(), 0, record.position());
            if (frame.position() >= FRAME_BYTES) {
                flush();
            }
        }

        /** Passes on what has been written and not passed on. */
        public void flush() {
            if (frame.position() > 0) {
                byte[] whole = frame.toBytes();
                frame.reset();
                frames.accept(whole);
            }
        }
    }

    /** Reads transactions from frames in the order in which they were written. Owned by one thread at a time. */
    public static final class Reader {
        private final Supplier<byte @Nullable []> look;
        private final Supplier<byte[]> await;
        private final RecordFormat format = new RecordFormat();
        private final Map<Fingerprint, TableSchema> layouts = new HashMap<>();
        private final Input frame = new Input(new byte[0]);
        private boolean keyOnly;
        private @Nullable Transaction latest;

        /**
         * @param look the next frame, null when it has not come yet
         * @param await the next frame, waited for
         */
        public Reader(Supplier<byte @Nullable []> look, Supplier<byte[]> await) {
            this.look = look;
            this.await = await;
        }

        /**
         * The next transaction, null when it has not begun to come. Its changes may be iterated once, before the next one is asked for;
         * those that have not come are waited for.
         *
         * @throws PenumbraException with JOURNAL_CORRUPT, JOURNAL_NEWER or RECORD_KIND_UNKNOWN when a frame makes no sense
         */
        public @Nullable Transaction next() {
            Transaction former = latest;
            while (former != null && former.left > 0) {
                former.left--;
                change();
            }
            latest = null;
            if (frame.position() == frame.limit()) {
                byte @Nullable [] next = look.get();
                if (next == null) {
                    return null;
                }
                frame.setBuffer(next);
            }
            if (record() instanceof JournalRecord.Commit commit) {
                Transaction begun = new Transaction(commit);
                latest = begun;
                return begun;
            }
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("reason", "no transaction begins here");
        }

        private JournalRecord record() {
            if (frame.position() == frame.limit()) {
                frame.setBuffer(await.get());
            }
            if (frame.limit() - frame.position() < RECORD_HEAD_BYTES) {
                throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("reason", "frame ends early");
            }
            byte form = frame.readByte();
            int length = frame.readInt();
            if (form < PLAIN || form > KEY_ONLY || length < 0 || length > frame.limit() - frame.position()) {
                throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                        .with("form", form)
                        .with("length", length);
            }
            keyOnly = form == KEY_ONLY;
            byte[] bytes = frame.readBytes(length);
            return format.decode(bytes, length);
        }

        private Change change() {
            while (true) {
                JournalRecord record = record();
                if (record instanceof JournalRecord.Schema schema) {
                    layouts.put(schema.schema().fingerprint(), schema.schema());
                } else if (record instanceof JournalRecord.Event event) {
                    TableSchema layout = layouts.get(event.schema());
                    if (layout == null) {
                        throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("layout", event.schema());
                    }
                    return keyOnly ? removal(event, layout) : JournalReader.toChange(event, layout);
                } else {
                    throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("kind", record.kind());
                }
            }
        }

        private static Change removal(JournalRecord.Event event, TableSchema layout) {
            Key key = KeyFormat.read(layout, Objects.requireNonNull(event.before()));
            return new Change(
                    event.position(), event.transaction(), event.operation(), event.origin(), layout, key, null, null);
        }

        /** A transaction whose changes may still be coming. */
        public final class Transaction implements Head, Iterable<Change> {
            private final JournalRecord.Commit commit;
            private long left;
            private boolean begun;

            private Transaction(JournalRecord.Commit commit) {
                this.commit = commit;
                this.left = commit.last().sequence() - commit.first().sequence() + 1;
            }

            @Override
            public Position first() {
                return commit.first();
            }

            @Override
            public Position last() {
                return commit.last();
            }

            @Override
            public long committedAtMillis() {
                return commit.committedAtMillis();
            }

            @Override
            public Iterator<Change> iterator() {
                if (begun) {
                    throw new IllegalStateException("what came over a network is iterated once");
                }
                begun = true;
                return new Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        return left > 0;
                    }

                    @Override
                    public Change next() {
                        if (left == 0) {
                            throw new NoSuchElementException();
                        }
                        left--;
                        return change();
                    }
                };
            }
        }
    }
}
