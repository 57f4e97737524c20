package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A source's journals in one directory: the current one and, for each predicted schema version, a future one.
 *
 * <pre>
 * DIR/catalogue      which queue is what, see {@link Catalogue}
 * DIR/writer.lock    held by the process that writes
 * DIR/queue-N/       a Chronicle queue
 * DIR/readers/       what registered readers still need
 * </pre>
 *
 * <p>Promotion makes a future journal the current one by replacing the catalogue file: before and after a crash exactly
 * one journal is current. Safe for use by several threads.
 */
@Incubating
public final class DualJournal implements AutoCloseable {
    private static final String LOCK_FILE = "writer.lock";
    private static final String VERSION_NAME = "[A-Za-z0-9_.-]{1,64}";

    private final Path directory;
    private final JournalConfiguration configuration;
    private final Clock clock;
    private final FileForce fileForce;
    private final FileChannel lockChannel;
    private final FileLock lock;
    private final Map<String, FutureJournal> futures = new HashMap<>();
    private Catalogue catalogue;
    private @Nullable JournalWriter current;

    private DualJournal(
            Path directory,
            String source,
            @Nullable UUID owner,
            JournalConfiguration configuration,
            Clock clock,
            FileForce fileForce) {
        this.directory = directory;
        this.configuration = configuration;
        this.clock = clock;
        this.fileForce = fileForce;
        try {
            OwnerOnly.createDirectories(directory);
            this.lockChannel = OwnerOnly.open(directory.resolve(LOCK_FILE));
        } catch (IOException | UncheckedIOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
        try {
            this.lock = acquire(lockChannel, directory);
            this.catalogue = readOrCreate(directory, source, owner, configuration);
            removeOrphans();
        } catch (RuntimeException e) {
            closeQuietly(lockChannel, e);
            throw e;
        }
    }

    /**
     * Opens a directory's journals to write, creating the directory and an empty current journal where there is none.
     *
     * @param source the source's name: one word that stays the same for the life of the journal
     * @throws PenumbraException with JOURNAL_IN_USE when another process or another DualJournal of this one writes it,
     *     JOURNAL_OF_ANOTHER when it has another source's name or an owner, JOURNAL_NOT_WRITABLE, JOURNAL_NEWER or
     *     JOURNAL_CORRUPT; nothing is changed then
     */
    public static DualJournal open(Path directory, String source, JournalConfiguration configuration, Clock clock) {
        return open(directory, source, configuration, clock, FileForce.SYSTEM);
    }

    /**
     * Opens a directory's journals as {@link #open(Path, String, JournalConfiguration, Clock)} does, for one source alone.
     *
     * @param owner what tells the source from every other, also of the same name; a journal that another began is refused
     * @throws PenumbraException as there; also with JOURNAL_OF_ANOTHER for another owner's journal
     */
    public static DualJournal open(
            Path directory, String source, UUID owner, JournalConfiguration configuration, Clock clock) {
        return open(directory, source, owner, configuration, clock, FileForce.SYSTEM);
    }

    static DualJournal open(
            Path directory, String source, JournalConfiguration configuration, Clock clock, FileForce fileForce) {
        return open(directory, source, null, configuration, clock, fileForce);
    }

    private static DualJournal open(
            Path directory,
            String source,
            @Nullable UUID owner,
            JournalConfiguration configuration,
            Clock clock,
            FileForce fileForce) {
        if (!source.matches("\\S{1,128}")) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "source name")
                    .with("value", source);
        }
        return new DualJournal(directory, source, owner, configuration, clock, fileForce);
    }

    private static FileLock acquire(FileChannel channel, Path directory) {
        @Nullable FileLock acquired;
        try {
            acquired = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_IN_USE, e).with("directory", directory);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
        if (acquired == null) {
            throw new PenumbraException(ErrorCode.JOURNAL_IN_USE).with("directory", directory);
        }
        return acquired;
    }

    /** Makes the queue that a catalogue to come will name; what stands in its place is what a crash left of an attempt. */
    private static void createQueue(
            Path directory, int number, JournalConfiguration configuration, JournalConfiguration.Roll roll) {
        Path queue = Catalogue.queueDirectory(directory, number);
        if (Files.exists(queue) && !JournalQueue.files(queue).isEmpty()) {
            // A queue gets its first file after the catalogue that names it, so somebody has lost that catalogue.
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                    .with("directory", directory)
                    .with("reason", "the catalogue is missing");
        }
        deleteTree(queue);
        JournalQueue.create(queue, configuration, roll);
    }

    private static Catalogue readOrCreate(
            Path directory, String source, @Nullable UUID owner, JournalConfiguration configuration) {
        if (Files.exists(directory.resolve(Catalogue.FILE))) {
            Catalogue existing = Catalogue.read(directory);
            if (!existing.source().equals(source) || !Objects.equals(owner, existing.owner())) {
                throw new PenumbraException(ErrorCode.JOURNAL_OF_ANOTHER)
                        .with("directory", directory)
                        .with("source", existing.source())
                        .with("owner", existing.owner());
            }
            return existing;
        }
        Catalogue fresh = Catalogue.initial(UUID.randomUUID(), source, owner, configuration.roll());
        createQueue(directory, fresh.current(), configuration, configuration.roll());
        fresh.write(directory);
        return fresh;
    }

    /** Removes what nobody needs: queues that a crash left behind, and former current ones without a reader. */
    private void removeOrphans() {
        for (int former : catalogue.formers()) {
            Path queue = Catalogue.queueDirectory(directory, former);
            if (ReaderRegister.oldestNeededFile(directory, queue).isEmpty()) {
                replaceCatalogue(catalogue.withoutFormer(former));
            }
        }
        for (int number = 1; number < catalogue.next(); number++) {
            if (!catalogue.names(number)) {
                deleteTree(Catalogue.queueDirectory(directory, number));
            }
        }
    }

    /** The writer of the current journal; the first call opens it and so begins a new epoch. */
    public synchronized JournalWriter current() {
        if (current == null) {
            current = new JournalWriter(directory, catalogue, configuration, clock, fileForce);
        }
        return current;
    }

    /** The name of the source that writes here. */
    public synchronized String source() {
        return catalogue.source();
    }

    /** What tells the journal from every other, also from one of the same source that was begun anew. */
    public synchronized UUID id() {
        return catalogue.id();
    }

    /** The opening of the source that {@link #noteOpening} was last told of, whoever called it. */
    public synchronized Optional<UUID> opening() {
        return Optional.ofNullable(catalogue.opening());
    }

    /** Notes durably which opening of the source writes here from now on. */
    public synchronized void noteOpening(UUID opening) {
        if (!opening.equals(catalogue.opening())) {
            replaceCatalogue(catalogue.withOpening(opening));
        }
    }

    /**
     * The versions of a directory's future journals, in the order of their names, whoever writes them.
     *
     * @throws PenumbraException with JOURNAL_NOT_FOUND when the directory holds no journal
     */
    public static List<String> futuresIn(Path directory) {
        return List.copyOf(Catalogue.read(directory).futures().keySet());
    }

    /** The schema versions that have a future journal, in alphabetical order. */
    public synchronized List<String> futures() {
        return List.copyOf(catalogue.futures().keySet());
    }

    /**
     * The future journal of a schema version, created where there is none.
     *
     * @param version up to 64 letters, digits and {@code _.-}
     */
    public synchronized FutureJournal future(String version) {
        if (!version.matches(VERSION_NAME)) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "schema version")
                    .with("value", version);
        }
        if (!catalogue.futures().containsKey(version)) {
            // The queue before the catalogue that names it, so that a named queue can always be opened.
            createQueue(directory, catalogue.next(), configuration, catalogue.roll());
            replaceCatalogue(catalogue.withFuture(version));
        }
        return futures.computeIfAbsent(
                version, v -> new FutureJournal(directory, catalogue, v, configuration, clock, fileForce));
    }

    /** Removes a future journal and its files; without effect when there is none. */
    public synchronized void dropFuture(String version) {
        Integer number = catalogue.futures().get(version);
        if (number == null) {
            return;
        }
        closeFuture(version);
        replaceCatalogue(catalogue.withoutFuture(version));
        deleteTree(Catalogue.queueDirectory(directory, number));
    }

    /**
     * Makes a future journal the current one. The former current journal's files stay until its readers have moved on.
     *
     * @throws PenumbraException with JOURNAL_NOT_FOUND when there is no such future journal, JOURNAL_GAP when it does not
     *     end where the current journal ends; the current journal then stays current
     */
    public synchronized void promote(String version) {
        if (!catalogue.futures().containsKey(version)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND)
                    .with("directory", directory)
                    .with("version", version);
        }
        JournalWriter writer = current();
        Position end = writer.last().sequence() == 0 ? writer.recovered().last() : writer.last();
        Position futureEnd = future(version).last();
        if (!futureEnd.equals(end)) {
            throw new PenumbraException(ErrorCode.JOURNAL_GAP)
                    .with("version", version)
                    .with("current", end)
                    .with("future", futureEnd);
        }
        FutureJournal future = future(version);
        future.meet(writer.epoch(), writer.durable());
        future.sync();
        closeFuture(version);
        writer.close();
        current = null;
        replaceCatalogue(catalogue.promoted(version));
    }

    private void closeFuture(String version) {
        FutureJournal open = futures.remove(version);
        if (open != null) {
            open.close();
        }
    }

    private void replaceCatalogue(Catalogue replacement) {
        replacement.write(directory);
        catalogue = replacement;
    }

    static void deleteTree(Path root) {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", root);
        }
    }

    private static void closeQuietly(AutoCloseable closeable, Throwable reason) {
        try {
            closeable.close();
        } catch (Exception e) {
            reason.addSuppressed(e);
        }
    }

    /** Closes all journals and lets other processes write. */
    @Override
    public synchronized void close() {
        JournalWriter writer = current;
        current = null;
        if (writer != null) {
            writer.close();
        }
        futures.values().forEach(FutureJournal::close);
        futures.clear();
        try {
            if (lock.isValid()) {
                lock.release();
            }
            lockChannel.close();
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
    }
}
