package dev.penumbra.cli;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Stable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code penumbra} command. */
@Command(
        name = "penumbra",
        description = "Shadows of Java databases in every datacenter of an Apache Ignite grid.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 something in the environment is missing.",
            "Results go to standard output; progress and logs go to standard error."
        })
@Stable
public final class Penumbra {
    private static final String HOME_PROPERTY = "penumbra.home";
    private static final String TERMINAL_PROPERTY = "penumbra.terminal";
    private static final String LOG_DIRECTORY_PROPERTY = "penumbra.log.directory";

    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);

    private Penumbra() {}

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        // Ignite and its libraries greet on standard output, where nothing but results may stand.
        PrintStream results = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        StopSignal stop = new StopSignal();
        @Nullable String home = System.getProperty(HOME_PROPERTY);
        Session session = new Session(
                home == null ? null : Path.of(home),
                System.in,
                Boolean.getBoolean(TERMINAL_PROPERTY),
                stop,
                Path.of(System.getProperty(LOG_DIRECTORY_PROPERTY, System.getProperty("java.io.tmpdir"))));
        PrintWriter out = new PrintWriter(results, false, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        Thread main = Thread.currentThread();
        Thread ending = new Thread(() -> endCleanly(stop, main), "penumbra-stop");
        Runtime.getRuntime().addShutdownHook(ending);
        int exitCode = commandLine(session).setOut(out).setErr(err).execute(arguments);
        out.flush();
        err.flush();
        try {
            Runtime.getRuntime().removeShutdownHook(ending);
        } catch (IllegalStateException e) {
            // A signal is ending the process already and the hook waits for this thread.
            return;
        }
        System.exit(exitCode);
    }

    private static void endCleanly(StopSignal stop, Thread main) {
        stop.raise();
        try {
            main.join(STOP_PATIENCE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The whole command with its subcommands, as {@link #main} runs it. */
    static CommandLine commandLine(Session session) {
        CommandLine root = new CommandLine(new Penumbra());
        CommandLine journal = new CommandLine(new JournalCommand())
                .addSubcommand(new JournalListCommand())
                .addSubcommand(new JournalDumpCommand(session))
                .addSubcommand(new JournalVerifyCommand());
        CommandLine capture = new CommandLine(new CaptureCommand())
                .addSubcommand(new CaptureInstallCommand())
                .addSubcommand(new CaptureRemoveCommand())
                .addSubcommand(new CaptureStatusCommand());
        root.addSubcommand(new DemoCommand(session));
        root.addSubcommand(capture);
        root.addSubcommand(journal);
        root.addSubcommand(new NodeCommand(session));
        root.addSubcommand(new SqlCommand(session));
        root.addSubcommand(new BenchCommand());
        root.addSubcommand(new SimulateCommand(session));
        root.addSubcommand(new ClasspathCommand(session));
        return settled(root, session);
    }

    private static CommandLine settled(CommandLine root, Session session) {
        versioned(root);
        return root.registerConverter(Position.class, text -> converted(text, Position::parse))
                .registerConverter(Datacenter.class, text -> converted(text, Datacenter::of))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setExecutionExceptionHandler(new FailureReport(session))
                .setParameterExceptionHandler(FailureReport::wrongUsage);
    }

    private static void versioned(CommandLine command) {
        command.getCommandSpec().versionProvider(new BuildVersion());
        command.getSubcommands().values().forEach(Penumbra::versioned);
    }

    private static <T> T converted(String text, Function<String, T> reader) {
        try {
            return reader.apply(text);
        } catch (PenumbraException e) {
            throw new CommandLine.TypeConversionException(e.getMessage());
        }
    }
}
