package dev.penumbra.cli;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Position;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints a journal's committed changes. */
@Command(
        name = "dump",
        mixinStandardHelpOptions = true,
        description = {
            "Prints a journal's committed changes in their order, one JSON document a line.",
            "With or without --json the output is the same."
        })
final class JournalDumpCommand implements Callable<Integer> {
    private static final Duration FOLLOW_INTERVAL = Duration.ofMillis(50);

    private final Session session;

    @Mixin
    private final Output output = new Output();

    @Parameters(paramLabel = "DIR", description = "The journal's directory.")
    private Path directory = Path.of("");

    @Option(
            names = "--from",
            paramLabel = "POS",
            description = "The first position to print, EPOCH:SEQUENCE; by default the oldest that is kept.")
    private @Nullable Position from;

    @Option(names = "--follow", description = "Go on with new changes until the command is stopped.")
    private boolean follow;

    JournalDumpCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        PrintWriter out = output.out();
        try (JournalReader reader = open()) {
            // A closed pipe, as under head, ends the dump: a PrintWriter tells it only when asked.
            while (!session.stop().isRaised() && !out.checkError()) {
                if (!printSome(reader, out)) {
                    out.flush();
                    if (!follow || session.stop().await(FOLLOW_INTERVAL)) {
                        return ExitCode.OK;
                    }
                }
            }
        }
        return ExitCode.OK;
    }

    private JournalReader open() {
        Position first = from;
        if (first == null) {
            return JournalReader.openOldest(directory);
        }
        Position before = first.sequence() == 0 ? first : new Position(first.epoch(), first.sequence() - 1);
        return JournalReader.open(directory, before);
    }

    /** Prints a bounded number of changes; false when there are none. */
    private boolean printSome(JournalReader reader, PrintWriter out) {
        @Nullable CommittedTransaction transaction = reader.poll();
        if (transaction == null) {
            return false;
        }
        for (Change change : transaction) {
            // The transaction that holds the asked position is read from its beginning.
            if (from == null || change.position().compareTo(from) >= 0) {
                out.println(ChangeText.of(change));
            }
        }
        return true;
    }
}
