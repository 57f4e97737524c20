package dev.penumbra.capture;

import dev.penumbra.model.api.Internal;
import java.time.Duration;

/**
 * How a relay works.
 *
 * @param pageRows outbox rows read at a time
 * @param pageBytes outbox bytes read at a time
 * @param copyRows existing rows copied between two looks at the outbox
 * @param markInterval how often, while changes flow, the journal is to say what the source has on disk
 * @param syncJournal whether the journal is forced to disk before the outbox lets go of a change; without it a crash of the
 *     machine, not of the process, can lose changes
 * @param giveUpRows while the journal cannot be written and this many changes wait, the relay gives them up and later brings
 *     every table anew behind a gap; {@link Long#MAX_VALUE} for never
 */
@Internal
public record RelayConfiguration(
        int pageRows, long pageBytes, int copyRows, Duration markInterval, boolean syncJournal, long giveUpRows) {
    public static final int PAGE_ROWS_DEFAULT = 4_096;
    public static final long PAGE_BYTES_DEFAULT = 16L << 20;
    public static final int COPY_ROWS_DEFAULT = 2_000;
    /** Two seconds. */
    public static final Duration MARK_INTERVAL_DEFAULT = Duration.ofSeconds(2);

    public static final RelayConfiguration DEFAULT = new RelayConfiguration(
            PAGE_ROWS_DEFAULT, PAGE_BYTES_DEFAULT, COPY_ROWS_DEFAULT, MARK_INTERVAL_DEFAULT, true, Long.MAX_VALUE);

    public RelayConfiguration {
        if (pageRows < 1 || pageBytes < 1 || copyRows < 1 || markInterval.isNegative() || giveUpRows < 1) {
            throw new IllegalArgumentException("a relay needs pages of at least one row");
        }
    }
}
