package dev.penumbra.journal;

import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Incubating;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The result of reading a whole journal and checking every record.
 *
 * @param records whole records read
 * @param changes changes in committed transactions
 * @param transactions committed transactions
 * @param epochs epochs begun
 * @param gaps places where changes are missing by the writer's own word
 * @param tornBytes bytes of unfinished transactions that writers gave up on
 * @param error why reading stopped before the end, or null
 */
@Incubating
public record JournalVerification(
        long records,
        long changes,
        long transactions,
        long epochs,
        long gaps,
        long tornBytes,
        @Nullable PenumbraException error) {
    /** Whether every record could be read and no position is missing. */
    public boolean ok() {
        return error == null && gaps == 0;
    }

    /** Reads everything that a directory's current journal holds; decodes every image. */
    public static JournalVerification of(Path directory) {
        long changes = 0;
        long transactions = 0;
        try (JournalReader reader = JournalReader.openOldest(directory)) {
            @Nullable PenumbraException error = null;
            try {
                for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                    transactions++;
                    for (var change : next) {
                        change.schema();
                        changes++;
                    }
                }
            } catch (PenumbraException e) {
                error = e;
            }
            return new JournalVerification(
                    reader.records(), changes, transactions, reader.epochs(), reader.gaps(), reader.tornBytes(), error);
        }
    }
}
