package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class FailureReportTest {
    @TempDir
    private Path logs;

    /** A command with a defect. */
    @Command(name = "broken")
    static final class Broken implements Callable<Integer> {
        @Override
        public Integer call() {
            throw new IllegalStateException("the defect");
        }
    }

    @Test
    void aDefect_isOneLineThatNamesTheLogWithItsTrace() throws IOException {
        Session session = new Session(null, InputStream.nullInputStream(), false, new StopSignal(), logs);
        StringWriter err = new StringWriter();
        int exitCode = new CommandLine(new Broken())
                .setExecutionExceptionHandler(new FailureReport(session))
                .setErr(new PrintWriter(err))
                .execute();
        assertThat(exitCode).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err.toString().lines()).hasSize(1);
        try (Stream<Path> files = Files.list(logs)) {
            Path log = files.findFirst().orElseThrow();
            assertThat(err.toString())
                    .contains("PENUMBRA-9001")
                    .contains("the defect")
                    .contains(log.toString());
            assertThat(log).content().contains("FailureReportTest$Broken.call");
        }
    }

    @Test
    void aDefect_withNowhereToLogIt_isStillTold() {
        Session session =
                new Session(null, InputStream.nullInputStream(), false, new StopSignal(), logs.resolve("missing"));
        StringWriter err = new StringWriter();
        int exitCode = new CommandLine(new Broken())
                .setExecutionExceptionHandler(new FailureReport(session))
                .setErr(new PrintWriter(err))
                .execute();
        assertThat(exitCode).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err.toString()).contains("the defect").doesNotContain("log=");
    }
}
