package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The small file that says which queue below a journal directory is the current journal and which are future ones.
 *
 * <pre>
 * penumbra-journal-catalogue 1      format version
 * id 6f0e...                        a random UUID, given when the journal was begun
 * generation 7                      grows with each change
 * source orders
 * owner 91c2...                     what tells the source from others of its name; absent where it has said nothing
 * opening 27d0...                   what tells the opening of the source that wrote here last from every other, also of its copies
 * roll HOUR                         how often the queues begin a new file
 * current 1                         number of the queue's folder
 * future 2 v42                      number and schema version, one line each
 * former 4                          a queue that was current once and may still have readers, one line each
 * next 3                            the number that a new queue gets
 * crc 1a2b3c4d                      CRC-32C of all lines before
 * </pre>
 *
 * <p>A change is written beside the file, forced to disk and moved over it: after a crash the old or the new catalogue
 * stands, whole. Immutable.
 */
record Catalogue(
        UUID id,
        long generation,
        String source,
        @Nullable UUID owner,
        @Nullable UUID opening,
        JournalConfiguration.Roll roll,
        int current,
        SortedMap<String, Integer> futures,
        SortedSet<Integer> formers,
        int next) {
    static final String FILE = "catalogue";
    private static final String MAGIC = "penumbra-journal-catalogue";
    private static final int VERSION = 1;

    Catalogue {
        futures = Collections.unmodifiableSortedMap(new TreeMap<>(futures));
        formers = Collections.unmodifiableSortedSet(new TreeSet<>(formers));
    }

    static Catalogue initial(UUID id, String source, @Nullable UUID owner, JournalConfiguration.Roll roll) {
        return new Catalogue(
                id, 1, source, owner, null, roll, 1, Collections.emptySortedMap(), Collections.emptySortedSet(), 2);
    }

    static Path queueDirectory(Path directory, int number) {
        return directory.resolve("queue-" + number);
    }

    Catalogue withOpening(UUID newest) {
        return new Catalogue(id, generation + 1, source, owner, newest, roll, current, futures, formers, next);
    }

    Catalogue withFuture(String version) {
        SortedMap<String, Integer> more = new TreeMap<>(futures);
        more.put(version, next);
        return new Catalogue(id, generation + 1, source, owner, opening, roll, current, more, formers, next + 1);
    }

    Catalogue withoutFuture(String version) {
        SortedMap<String, Integer> fewer = new TreeMap<>(futures);
        fewer.remove(version);
        return new Catalogue(id, generation + 1, source, owner, opening, roll, current, fewer, formers, next);
    }

    Catalogue promoted(String version) {
        int number = numberOf(version);
        Catalogue without = withoutFuture(version);
        SortedSet<Integer> more = new TreeSet<>(formers);
        more.add(current);
        return new Catalogue(id, without.generation, source, owner, opening, roll, number, without.futures, more, next);
    }

    Catalogue withoutFormer(int number) {
        SortedSet<Integer> fewer = new TreeSet<>(formers);
        fewer.remove(number);
        return new Catalogue(id, generation + 1, source, owner, opening, roll, current, futures, fewer, next);
    }

    int numberOf(String version) {
        Integer number = futures.get(version);
        if (number == null) {
            throw new IllegalArgumentException("no future journal " + version);
        }
        return number;
    }

    /** Whether the catalogue knows a queue. */
    boolean names(int number) {
        return number == current || futures.containsValue(number) || formers.contains(number);
    }

    /** @throws PenumbraException with JOURNAL_NOT_FOUND, JOURNAL_NEWER or JOURNAL_CORRUPT */
    static Catalogue read(Path directory) {
        List<String> lines;
        try {
            lines = Files.readAllLines(directory.resolve(FILE), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND, e).with("directory", directory);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT, e).with("directory", directory);
        }
        try {
            return parse(lines);
        } catch (PenumbraException e) {
            throw e.with("directory", directory);
        } catch (RuntimeException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT, e)
                    .with("directory", directory)
                    .with("file", FILE);
        }
    }

    private static Catalogue parse(List<String> lines) {
        String[] head = lines.get(0).split(" ", 2);
        if (!head[0].equals(MAGIC)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("reason", "no catalogue header");
        }
        if (Integer.parseInt(head[1]) > VERSION) {
            throw new PenumbraException(ErrorCode.JOURNAL_NEWER)
                    .with("catalogueVersion", head[1])
                    .with("supportedVersion", VERSION);
        }
        List<String> body = lines.subList(0, lines.size() - 1);
        if (!lines.get(lines.size() - 1).equals("crc " + checksum(body))) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                    .with("file", FILE)
                    .with("reason", "checksum");
        }
        UUID id = new UUID(0, 0);
        long generation = 0;
        String source = "";
        @Nullable UUID owner = null;
        @Nullable UUID opening = null;
        JournalConfiguration.Roll roll = JournalConfiguration.Roll.HOUR;
        int current = 0;
        int next = 0;
        SortedMap<String, Integer> futures = new TreeMap<>();
        SortedSet<Integer> formers = new TreeSet<>();
        for (String line : body.subList(1, body.size())) {
            String[] words = line.split(" ", 2);
            switch (words[0]) {
                case "id" -> id = UUID.fromString(words[1]);
                case "generation" -> generation = Long.parseLong(words[1]);
                case "source" -> source = words[1];
                case "owner" -> owner = UUID.fromString(words[1]);
                case "opening" -> opening = UUID.fromString(words[1]);
                case "roll" -> roll = JournalConfiguration.Roll.valueOf(words[1]);
                case "current" -> current = Integer.parseInt(words[1]);
                case "next" -> next = Integer.parseInt(words[1]);
                case "former" -> formers.add(Integer.parseInt(words[1]));
                case "future" -> {
                    String[] future = words[1].split(" ", 2);
                    futures.put(future[1], Integer.parseInt(future[0]));
                }
                default ->
                    throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                            .with("file", FILE)
                            .with("line", line);
            }
        }
        return new Catalogue(id, generation, source, owner, opening, roll, current, futures, formers, next);
    }

    /** Replaces the directory's catalogue by this one, all or nothing. */
    void write(Path directory) {
        List<String> lines = new ArrayList<>();
        lines.add(MAGIC + " " + VERSION);
        lines.add("id " + id);
        lines.add("generation " + generation);
        lines.add("source " + source);
        if (owner != null) {
            lines.add("owner " + owner);
        }
        if (opening != null) {
            lines.add("opening " + opening);
        }
        lines.add("roll " + roll);
        lines.add("current " + current);
        futures.forEach((version, number) -> lines.add("future " + number + " " + version));
        formers.forEach(number -> lines.add("former " + number));
        lines.add("next " + next);
        lines.add("crc " + checksum(lines));
        Path fresh = directory.resolve(FILE + ".new");
        try {
            try (FileChannel channel = OwnerOnly.replace(fresh)) {
                ByteBuffer bytes = ByteBuffer.wrap((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(
                    fresh,
                    directory.resolve(FILE),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            FileForce.SYSTEM.force(directory);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
    }

    private static String checksum(List<String> lines) {
        return String.format("%08x", Checksum.of(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));
    }
}
