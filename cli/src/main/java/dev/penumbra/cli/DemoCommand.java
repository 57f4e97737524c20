package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.shadow.read.Consistency.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows the whole way of a change on this machine, and checks it. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Fills an H2 database, a Derby database or tables of the grid itself, or all three of them, captures what it has"
                    + " filled into one grid with the datacenters home, eu and us in this process, keeps shadows in eu and us"
                    + " while writers and readers work, and compares every row at the end.",
            "Ends with 1 when a copy differs from its source, or an answer is not what its consistency promises."
        })
final class DemoCommand implements Callable<Integer> {
    private static final int VIOLATIONS_SHOWN = 5;
    private static final String ALL_LEVELS = "all";
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final Session session;

    @Mixin
    private final Output output = new Output();

    @Option(
            names = "--source",
            paramLabel = "SOURCE",
            defaultValue = "h2",
            description = "What is captured: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private Demo.Choice source = Demo.Choice.H2;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "" + Demo.ROWS_DEFAULT,
            description = "Rows to begin with, about, in all three tables of each source; default ${DEFAULT-VALUE}.")
    private int rows;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "" + Demo.SECONDS_DEFAULT,
            description = "How long the workload lasts; default ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "" + Demo.CHANGES_PER_SECOND_DEFAULT,
            description =
                    "Row changes a second in each source, those included that are rolled back; default ${DEFAULT-VALUE}.")
    private int rate;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "What the workload's choices depend on; default ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--consistency",
            paramLabel = "LEVEL",
            split = ",",
            description = {
                "Read counters of each source in every datacenter at these levels, and check what each answer has: EVENTUAL, BOUNDED,"
                        + " SESSION, PRIMARY, separated by commas, or all; by default this is not done."
            })
    private List<String> consistency = new ArrayList<>();

    @Mixin
    private final WanOption wan = new WanOption();

    @Option(names = "--keep", description = "Leave it running at the end, for JDBC and JMX, until it is stopped.")
    private boolean keep;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "An empty directory for databases and journals, which stay; by default a temporary one.")
    private @Nullable Path data;

    DemoCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        atLeast("--rows", rows, Demo.ROWS_MIN);
        atLeast("--seconds", seconds, 1);
        atLeast("--rate", rate, 1);
        Demo.Distance distance = new Demo.Distance(wan.roundTrip(), levels(consistency));
        // Ignite's warnings would tear the live view apart; failures still show.
        System.setProperty("org.slf4j.simpleLogger.log.org.apache.ignite", "error");
        @Nullable Path given = data;
        Path directory = given == null ? Files.createTempDirectory("penumbra-demo-") : empty(given);
        DemoProgress progress = new DemoProgress(output.err(), session.stop());
        try (Demo demo = new Demo(directory, source, keep, distance, progress)) {
            demo.prepare(rows);
            DemoSummary report = demo.run(Duration.ofSeconds(seconds), rate, seed);
            if (output.isJson()) {
                output.document(report.document());
            } else {
                report.print(output.out());
            }
            report.violations().stream()
                    .limit(VIOLATIONS_SHOWN)
                    .forEach(violation -> output.err().println("wrong answer: " + violation));
            output.err().flush();
            if (keep) {
                keep(demo);
            }
            return report.ok() ? ExitCode.OK : ExitCode.FAILED_CHECK;
        } catch (CancellationException e) {
            output.err().println("penumbra: stopped");
            return ExitCode.ENVIRONMENT;
        } finally {
            if (given == null) {
                TemporaryFiles.delete(directory);
            }
        }
    }

    private void keep(Demo demo) {
        demo.addresses().forEach(output.err()::println);
        output.err().println("Ctrl-C ends it.");
        output.err().flush();
        while (!session.stop().await(LOOK_INTERVAL)) {
            // Database and nodes work on threads of their own.
        }
    }

    private static Set<Level> levels(List<String> names) {
        Set<Level> levels = EnumSet.noneOf(Level.class);
        for (String name : names) {
            if (name.equalsIgnoreCase(ALL_LEVELS)) {
                levels.addAll(EnumSet.allOf(Level.class));
            } else {
                levels.add(level(name));
            }
        }
        return levels;
    }

    private static Level level(String name) {
        for (Level level : Level.values()) {
            if (level.name().equalsIgnoreCase(name)) {
                return level;
            }
        }
        throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                .with("setting", "--consistency")
                .with("value", name)
                .with("expected", Arrays.toString(Level.values()) + " or " + ALL_LEVELS);
    }

    private static void atLeast(String option, int value, int min) {
        if (value < min) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", option)
                    .with("value", value)
                    .with("min", min);
        }
    }

    private static Path empty(Path directory) throws IOException {
        Files.createDirectories(directory);
        try (Stream<Path> content = Files.list(directory)) {
            if (content.findAny().isPresent()) {
                throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                        .with("setting", "--data")
                        .with("value", directory)
                        .with("reason", "the directory is not empty");
            }
        }
        return directory;
    }
}
