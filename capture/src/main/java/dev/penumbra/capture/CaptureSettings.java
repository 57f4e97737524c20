package dev.penumbra.capture;

import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a captured database, from system properties.
 *
 * @param maxLobBytes {@value #MAX_LOB_BYTES}: the largest CLOB or BLOB that is captured, in bytes
 * @param maxOutboxRows {@value #MAX_OUTBOX_ROWS}: how many changes may wait before writing statements are refused
 * @param whenFull {@value #WHEN_FULL}: what happens while the journal cannot be written and half as many wait
 * @param markIntervalMillis {@value #MARK_INTERVAL_MILLIS}: how often, while changes flow, the journal is to say what the
 *     database has on disk; what was written since is read again after a crash
 * @param syncJournal {@value #SYNC_JOURNAL}: whether the journal is forced to disk before the outbox lets go of a change
 * @param minFreeBytes {@value #MIN_FREE_BYTES}: how much of the journal's disk is left alone
 */
@Internal
public record CaptureSettings(
        long maxLobBytes,
        long maxOutboxRows,
        WhenFull whenFull,
        long markIntervalMillis,
        boolean syncJournal,
        long minFreeBytes) {
    /** What happens to changes that the journal has no room for. */
    public enum WhenFull {
        /** They wait, and at the limit writing statements are refused. */
        REFUSE,
        /** They are given up, and every table is brought anew behind a gap when there is room again. */
        RESYNC
    }

    public static final String MAX_LOB_BYTES = "penumbra.lob.max-bytes";
    public static final long MAX_LOB_BYTES_DEFAULT = 1L << 20;
    public static final String MAX_OUTBOX_ROWS = "penumbra.outbox.max-rows";
    public static final long MAX_OUTBOX_ROWS_DEFAULT = 10_000_000;
    public static final String MARK_INTERVAL_MILLIS = "penumbra.mark.interval-millis";
    public static final long MARK_INTERVAL_MILLIS_DEFAULT = 2_000;
    public static final String WHEN_FULL = "penumbra.outbox.when-full";
    public static final String MIN_FREE_BYTES = "penumbra.journal.min-free-bytes";
    public static final String SYNC_JOURNAL = "penumbra.journal.sync";
    /** The directory of a database's journal where the capture was installed without naming one. */
    public static final String JOURNAL = "penumbra.journal";

    private static final long MAX_CHANGE_BYTES = JournalConfiguration.DEFAULT.maxChangeBytes();

    /** Reads the settings as they stand now. */
    public static CaptureSettings read() {
        return new CaptureSettings(
                positive(MAX_LOB_BYTES, MAX_LOB_BYTES_DEFAULT),
                positive(MAX_OUTBOX_ROWS, MAX_OUTBOX_ROWS_DEFAULT),
                readWhenFull(),
                positive(MARK_INTERVAL_MILLIS, MARK_INTERVAL_MILLIS_DEFAULT),
                Boolean.parseBoolean(System.getProperty(SYNC_JOURNAL, "true")),
                positive(MIN_FREE_BYTES, JournalConfiguration.MIN_FREE_BYTES_DEFAULT));
    }

    private static WhenFull readWhenFull() {
        String text = System.getProperty(WHEN_FULL, "refuse");
        return switch (text.strip()) {
            case "refuse" -> WhenFull.REFUSE;
            case "resync" -> WhenFull.RESYNC;
            default -> throw invalid(WHEN_FULL, text, null);
        };
    }

    /** What they mean for a relay. */
    public RelayConfiguration relay() {
        return new RelayConfiguration(
                RelayConfiguration.PAGE_ROWS_DEFAULT,
                RelayConfiguration.PAGE_BYTES_DEFAULT,
                RelayConfiguration.COPY_ROWS_DEFAULT,
                Duration.ofMillis(markIntervalMillis),
                syncJournal,
                whenFull == WhenFull.RESYNC ? Math.max(1, maxOutboxRows / 2) : Long.MAX_VALUE);
    }

    /** What they mean for a journal. */
    public JournalConfiguration journal() {
        return JournalConfiguration.DEFAULT.withMinFreeBytes(minFreeBytes);
    }

    /**
     * To be asked before a change goes into the outbox: one that the journal cannot hold would never leave it.
     *
     * @throws PenumbraException with RECORD_TOO_LARGE
     */
    public static void requireRoom(TableName table, int changeBytes) {
        if (changeBytes > MAX_CHANGE_BYTES) {
            throw new PenumbraException(ErrorCode.RECORD_TOO_LARGE)
                    .with("table", table)
                    .with("bytes", changeBytes)
                    .with("maxBytes", MAX_CHANGE_BYTES);
        }
    }

    private static long positive(String property, long standard) {
        String text = System.getProperty(property);
        if (text == null) {
            return standard;
        }
        try {
            long value = Long.parseLong(text.strip());
            if (value > 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw invalid(property, text, e);
        }
        throw invalid(property, text, null);
    }

    private static PenumbraException invalid(String property, String text, @Nullable Throwable cause) {
        return new PenumbraException(ErrorCode.INVALID_CONFIGURATION, cause)
                .with("setting", property)
                .with("value", text);
    }
}
