package dev.penumbra.cli;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where a command's results and its progress go; brings the option {@code --json} into every command. */
final class Output {
    static final String JSON = "--json";

    @Option(names = JSON, description = "Print one JSON document on standard output and nothing else there.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything can ask
    private CommandSpec command;

    boolean isJson() {
        return json;
    }

    /** For results. */
    PrintWriter out() {
        return command.commandLine().getOut();
    }

    /** For progress and failures. */
    PrintWriter err() {
        return command.commandLine().getErr();
    }

    /** Prints the one document of {@code --json}. */
    void document(Object document) {
        out().println(JsonText.of(document));
        out().flush();
    }
}
