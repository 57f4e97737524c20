package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransactionFramesTest {
    private static final TableSchema WIDER = new TableSchema(
            ACCOUNT.name(),
            List.of(
                    ACCOUNT.columns().get(0),
                    ACCOUNT.columns().get(1),
                    new Column("BALANCE", ColumnType.of(SqlType.BIGINT), true)),
            List.of("ID"));

    private final Deque<byte[]> frames = new ArrayDeque<>();
    private final TransactionFrames.Writer writer = new TransactionFrames.Writer(frames::add);
    private final TransactionFrames.Reader reader = new TransactionFrames.Reader(frames::poll, frames::remove);

    private record Head(Position first, Position last, long committedAtMillis) implements TransactionFrames.Head {}

    private void write(List<Change> changes, long millis) {
        writer.write(
                new Head(
                        changes.get(0).position(),
                        changes.get(changes.size() - 1).position(),
                        millis),
                changes);
    }

    private static Change change(Random random, Position position, int ownerBytes) {
        TransactionId transaction = new TransactionId(position.epoch(), position.sequence() / 3);
        TableSchema layout = random.nextBoolean() ? ACCOUNT : WIDER;
        long id = random.nextInt(100);
        Operation operation = Operation.values()[random.nextInt(Operation.values().length)];
        if (!operation.isRowOperation()) {
            return new Change(position, transaction, operation, Origin.CAPTURED, layout, null, null, null);
        }
        Row before = operation == Operation.INSERT ? null : row(random, layout, id, ownerBytes);
        Row after = operation == Operation.DELETE ? null : row(random, layout, id, ownerBytes);
        if (operation == Operation.DELETE && random.nextInt(3) == 0) {
            before = null;
        }
        Origin origin = Origin.values()[random.nextInt(Origin.values().length)];
        return new Change(position, transaction, operation, origin, layout, Key.of(id), before, after);
    }

    private static Row row(Random random, TableSchema layout, long id, int ownerBytes) {
        String owner = random.nextInt(5) == 0 ? null : "x".repeat(random.nextInt(ownerBytes));
        return layout.size() == 2 ? Row.of(id, owner) : Row.of(id, owner, random.nextLong());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whatIsWritten_isRead(long seed) {
        Random random = new Random(seed);
        List<List<Change>> written = new ArrayList<>();
        Position position = new Position(1, 0);
        for (int transaction = 0; transaction < 200; transaction++) {
            position = random.nextInt(50) == 0 ? new Position(position.epoch() + 1, 0) : position;
            List<Change> changes = new ArrayList<>();
            for (int size = 1 + random.nextInt(transaction == 100 ? 3_000 : 10); size > 0; size--) {
                position = position.next();
                changes.add(change(random, position, 2_000));
            }
            written.add(changes);
            write(changes, transaction);
            if (random.nextBoolean()) {
                writer.flush();
            }
        }
        writer.flush();
        assertThat(frames.size()).isGreaterThan(10);
        assertThat(frames).allMatch(frame -> frame.length < TransactionFrames.FRAME_BYTES + 10_000);

        for (int transaction = 0; transaction < written.size(); transaction++) {
            TransactionFrames.Reader.Transaction read = reader.next();
            assertThat(read).isNotNull();
            assertThat(read.committedAtMillis()).isEqualTo(transaction);
            // What nobody iterates is passed over.
            if (random.nextInt(4) > 0) {
                assertThat(read).containsExactlyElementsOf(written.get(transaction));
                assertThatThrownBy(read::iterator).isInstanceOf(IllegalStateException.class);
            }
        }
        assertThat(reader.next()).isNull();
    }

    @Test
    void aFrameThatWasCutOrChanged_isRefused() {
        Random random = new Random(7);
        write(List.of(change(random, new Position(1, 1), 50), change(random, new Position(1, 2), 50)), 0);
        writer.flush();
        byte[] whole = frames.remove();
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = at % 2 == 0 ? Arrays.copyOf(whole, at + 1) : whole.clone();
            if (at % 2 == 1) {
                damaged[at] ^= 0x55;
            } else if (damaged.length == whole.length) {
                continue;
            }
            Deque<byte[]> one = new ArrayDeque<>(List.of(damaged));
            TransactionFrames.Reader other = new TransactionFrames.Reader(one::poll, () -> {
                throw new PenumbraException(dev.penumbra.model.ErrorCode.JOURNAL_CORRUPT);
            });
            int position = at;
            assertThatThrownBy(() -> {
                        TransactionFrames.Reader.Transaction read = other.next();
                        assertThat(read).as("damaged at " + position).isNotNull();
                        read.forEach(change -> {});
                        other.next();
                    })
                    .as("damaged at " + position)
                    .isInstanceOf(PenumbraException.class);
        }
    }
}
