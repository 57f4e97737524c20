package dev.penumbra.cli;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tells which journals a directory holds and what is in them. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "Tells what a journal, or each journal directly below a directory, holds. Reads them whole.")
final class JournalListCommand implements Callable<Integer> {
    private static final String CATALOGUE = "catalogue";

    @Mixin
    private final Output output = new Output();

    @Parameters(paramLabel = "DIR", description = "A journal's directory, or one that holds journals.")
    private Path directory = Path.of("");

    /** What one journal holds. */
    private record Contents(
            Path directory,
            String source,
            Position first,
            Position last,
            long transactions,
            Map<String, Long> changesByTable,
            List<String> futures,
            long lastCommittedAtMillis,
            long bytes,
            @Nullable PenumbraException error) {
        long changes() {
            return changesByTable.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    @Override
    public Integer call() throws IOException {
        List<Contents> journals = new ArrayList<>();
        for (Path journal : journals()) {
            journals.add(read(journal));
        }
        PrintWriter out = output.out();
        if (output.isJson()) {
            output.document(document(journals));
        } else {
            journals.forEach(journal -> print(out, journal));
        }
        out.flush();
        boolean whole = true;
        for (Contents journal : journals) {
            @Nullable PenumbraException error = journal.error();
            if (error != null) {
                output.err().println("penumbra: " + error.getMessage());
                whole = false;
            }
        }
        return whole ? ExitCode.OK : ExitCode.FAILED_CHECK;
    }

    private List<Path> journals() throws IOException {
        if (Files.exists(directory.resolve(CATALOGUE))) {
            return List.of(directory);
        }
        if (Files.isDirectory(directory)) {
            try (Stream<Path> below = Files.list(directory)) {
                List<Path> found = below.filter(path -> Files.exists(path.resolve(CATALOGUE)))
                        .sorted()
                        .toList();
                if (!found.isEmpty()) {
                    return found;
                }
            }
        }
        throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("directory", directory);
    }

    private static Contents read(Path journal) throws IOException {
        String source = "";
        Position first = Position.START;
        Position last = Position.START;
        long transactions = 0;
        long committedAt = 0;
        Map<String, Long> changes = new TreeMap<>();
        List<String> futures = List.of();
        @Nullable PenumbraException error = null;
        try (JournalReader reader = JournalReader.openOldest(journal)) {
            source = reader.source();
            futures = DualJournal.futuresIn(journal);
            for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                first = transactions == 0 ? next.first() : first;
                last = next.last();
                committedAt = next.committedAtMillis();
                transactions++;
                for (Change change : next) {
                    changes.merge(change.table().toString(), 1L, Long::sum);
                }
            }
        } catch (PenumbraException e) {
            error = e;
        }
        return new Contents(
                journal, source, first, last, transactions, changes, futures, committedAt, bytes(journal), error);
    }

    private static long bytes(Path journal) throws IOException {
        try (Stream<Path> tree = Files.walk(journal)) {
            return tree.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static void print(PrintWriter out, Contents journal) {
        out.println(journal.directory());
        out.println("  source        " + journal.source());
        out.println("  positions     " + journal.first() + " to " + journal.last());
        out.println("  transactions  " + journal.transactions());
        out.println("  bytes         " + journal.bytes());
        if (journal.transactions() > 0) {
            out.println("  last commit   " + Instant.ofEpochMilli(journal.lastCommittedAtMillis()));
        }
        if (!journal.futures().isEmpty()) {
            out.println("  futures       " + String.join(", ", journal.futures()));
        }
        journal.changesByTable().forEach((table, count) -> out.println("  " + table + "  " + count + " changes"));
    }

    private static Map<String, Object> document(List<Contents> journals) {
        List<Map<String, Object>> list = new ArrayList<>();
        boolean whole = true;
        for (Contents journal : journals) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("directory", journal.directory().toString());
            fields.put("source", journal.source());
            fields.put("first", ChangeText.of(journal.first()));
            fields.put("last", ChangeText.of(journal.last()));
            fields.put("transactions", journal.transactions());
            fields.put("changes", journal.changes());
            fields.put("tables", journal.changesByTable());
            fields.put("futures", journal.futures());
            fields.put("bytes", journal.bytes());
            if (journal.transactions() > 0) {
                fields.put(
                        "lastCommittedAt",
                        Instant.ofEpochMilli(journal.lastCommittedAtMillis()).toString());
            }
            @Nullable PenumbraException error = journal.error();
            if (error != null) {
                fields.put("error", error.getMessage());
                whole = false;
            }
            list.add(fields);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("journals", list);
        document.put("ok", whole);
        return document;
    }
}
