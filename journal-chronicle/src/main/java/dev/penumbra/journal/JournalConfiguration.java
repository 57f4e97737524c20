package dev.penumbra.journal;

import dev.penumbra.model.api.Incubating;
import java.time.Duration;

/**
 * How a journal is kept on disk.
 *
 * @param roll how often a new file is begun; retention removes whole files; a journal keeps the roll it was created with
 * @param blockBytes how much of a file is mapped at a time; a record must fit into a quarter of it
 * @param minFreeBytes how much space on the journal's disk is left alone: an append that would find less is refused
 * @param retentionAge files older than this are removed once no registered reader needs them
 * @param retentionBytes the oldest files are removed above this sum once no registered reader needs them
 */
@Incubating
public record JournalConfiguration(
        Roll roll, long blockBytes, long minFreeBytes, Duration retentionAge, long retentionBytes) {
    /** How often a journal begins a new file. */
    public enum Roll {
        MINUTE,
        HOUR,
        DAY
    }

    public static final long BLOCK_BYTES_DEFAULT = 16L << 20;
    public static final long MIN_FREE_BYTES_DEFAULT = 256L << 20;
    public static final long RETENTION_BYTES_DEFAULT = 10L << 30;
    /** At least what a record holds before a change's images. */
    private static final long EVENT_HEAD_BYTES = 64;

    /** Seven days. */
    public static final Duration RETENTION_AGE_DEFAULT = Duration.ofDays(7);

    /** Hourly files, seven days or 10 GiB of them, 256 MiB of the disk left alone. */
    public static final JournalConfiguration DEFAULT = new JournalConfiguration(
            Roll.HOUR, BLOCK_BYTES_DEFAULT, MIN_FREE_BYTES_DEFAULT, RETENTION_AGE_DEFAULT, RETENTION_BYTES_DEFAULT);

    public JournalConfiguration {
        if (blockBytes < 1 << 16 || minFreeBytes < 0 || retentionBytes < 0 || retentionAge.isNegative()) {
            throw new IllegalArgumentException("a journal needs blocks of at least 64 KiB and no negative limits");
        }
    }

    /** The largest record that fits, in bytes. */
    public long maxRecordBytes() {
        return blockBytes / 4;
    }

    /** The largest change that fits, in bytes of its {@link EventImages}. */
    public long maxChangeBytes() {
        return maxRecordBytes() - EVENT_HEAD_BYTES;
    }

    public JournalConfiguration withRoll(Roll newRoll) {
        return new JournalConfiguration(newRoll, blockBytes, minFreeBytes, retentionAge, retentionBytes);
    }

    public JournalConfiguration withBlockBytes(long newBlockBytes) {
        return new JournalConfiguration(roll, newBlockBytes, minFreeBytes, retentionAge, retentionBytes);
    }

    public JournalConfiguration withMinFreeBytes(long newMinFreeBytes) {
        return new JournalConfiguration(roll, blockBytes, newMinFreeBytes, retentionAge, retentionBytes);
    }

    public JournalConfiguration withRetention(Duration newAge, long newBytes) {
        return new JournalConfiguration(roll, blockBytes, minFreeBytes, newAge, newBytes);
    }
}
