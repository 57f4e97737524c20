package dev.penumbra.capture;

import dev.penumbra.model.PenumbraException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Questions beside a journal to whoever writes it, and up to which they have been answered. The files that carry them are opened where that can
 * be done, and let go of for a while when the disk, or somebody else's file, is in the way: nobody's capture fails for a question.
 *
 * <p>Belongs to the relay's thread.
 *
 * @param <T> what carries them
 */
final class Asked<T extends AutoCloseable> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Asked.class);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Path directory;
    private final Function<Path, T> opener;
    private final Function<T, OptionalLong> latest;
    private @Nullable T opened;
    private long notBeforeNanos = System.nanoTime();
    private long answered;

    /**
     * @param directory the journal's
     * @param opener opens the files, or fails with a {@link PenumbraException}
     * @param latest tells the number of the latest question, or fails so
     */
    Asked(Path directory, Function<Path, T> opener, Function<T, OptionalLong> latest) {
        this.directory = directory;
        this.opener = opener;
        this.latest = latest;
    }

    /** Opens the files, where that can be done. */
    void open() {
        if (opened == null && System.nanoTime() - notBeforeNanos >= 0) {
            try {
                opened = opener.apply(directory);
            } catch (PenumbraException e) {
                leave(e);
            }
        }
    }

    /** What carries questions; null while it is not open. */
    @Nullable T carrier() {
        return opened;
    }

    /** The latest question, or one that has been answered when there is none. */
    long question() {
        T carrier = opened;
        try {
            return carrier == null ? answered : latest.apply(carrier).orElse(answered);
        } catch (PenumbraException e) {
            leave(e);
            return answered;
        }
    }

    /** Whether a question has not been answered. */
    boolean isOpen(long question) {
        return question != answered;
    }

    /** A question has been answered, and all before it. */
    void answered(long question) {
        answered = question;
    }

    /** The files are let go of, and opened again after a while. */
    void leave(Exception reason) {
        LOG.debug("Questions beside a journal cannot be answered: directory={}", directory, reason);
        notBeforeNanos = System.nanoTime() + RETRY_NANOS;
        close();
    }

    @Override
    public void close() {
        T carrier = opened;
        opened = null;
        if (carrier != null) {
            try {
                carrier.close();
            } catch (Exception e) {
                LOG.debug("Questions beside a journal could not be let go of: directory={}", directory, e);
            }
        }
    }
}
