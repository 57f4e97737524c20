package dev.penumbra.journal;

import dev.penumbra.model.Change;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;

/** Reads the end of a journal together with what only its writer's side needs: the outbox row that each change came from. */
@Internal
public final class JournalScan {
    private JournalScan() {}

    /** Is told of committed changes in the order of their positions. */
    public interface Visitor {
        /**
         * Takes a change.
         *
         * @param outboxId the outbox row that held the change; 0 for none
         */
        void visit(long outboxId, Change change);
    }

    /**
     * Shows every committed change of the current journal behind a position to the visitor.
     *
     * @param after a committed position, or {@link Position#START} for all that retention has left
     */
    public static void committedAfter(Path directory, Position after, Visitor visitor) {
        Catalogue catalogue = Catalogue.read(directory);
        RecordFormat format = new RecordFormat();
        Map<Fingerprint, TableSchema> schemas = new HashMap<>();
        List<JournalRecord.Event> pending = new ArrayList<>();
        try (SingleChronicleQueue queue = JournalQueue.openForReading(
                        Catalogue.queueDirectory(directory, catalogue.current()), catalogue.roll());
                RecordCursor cursor = new RecordCursor(queue)) {
            if (queue.firstCycle() == Integer.MAX_VALUE) {
                return;
            }
            if (after.equals(Position.START)) {
                cursor.toStart();
            } else {
                new JournalSeek(queue, cursor, format).moveBehind(after);
            }
            while (cursor.next()) {
                if (!format.isWhole(cursor.record(), cursor.length())) {
                    continue;
                }
                JournalRecord record = format.decode(cursor.record(), cursor.length());
                if (record instanceof JournalRecord.Event event) {
                    pending.add(event);
                } else if (record instanceof JournalRecord.Schema schema) {
                    schemas.put(schema.schema().fingerprint(), schema.schema());
                } else if (record instanceof JournalRecord.Commit) {
                    for (JournalRecord.Event event : pending) {
                        long index = cursor.index();
                        TableSchema schema = schemas.computeIfAbsent(
                                event.schema(),
                                fingerprint -> JournalSeek.findSchema(queue, format, fingerprint, index));
                        visitor.visit(event.outboxId(), JournalReader.toChange(event, schema));
                    }
                    pending.clear();
                } else if (record instanceof JournalRecord.Epoch || record instanceof JournalRecord.Abandon) {
                    pending.clear();
                }
            }
        }
    }
}
