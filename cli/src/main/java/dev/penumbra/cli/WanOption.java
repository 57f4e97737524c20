package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The distance between datacenters; brings the option {@code --wan} into a command. */
final class WanOption {
    private static final String NAME = "--wan";

    /** Well below what makes Ignite take a node for dead. */
    private static final Duration MAX = Duration.ofSeconds(2);

    @Option(
            names = NAME,
            paramLabel = "TIME",
            description = {
                "The round trip between two datacenters, such as 80ms: each message of Ignite's to another datacenter takes half of it."
                        + " Discovery is not delayed; the demo begins with it when all copies are complete."
            })
    private @Nullable String text;

    /**
     * The round trip, zero when there is to be none.
     *
     * @throws PenumbraException with INVALID_CONFIGURATION when it is not a time, or too long
     */
    Duration roundTrip() {
        @Nullable String given = text;
        if (given == null) {
            return Duration.ZERO;
        }
        Duration time = parsed(given);
        if (time.compareTo(MAX) > 0) {
            throw invalid(given, null);
        }
        return time;
    }

    private static Duration parsed(String given) {
        try {
            // Times are written as they are in SQL.
            return Objects.requireNonNull(
                    Consistency.parse(Consistency.Level.BOUNDED + " " + given).staleness());
        } catch (PenumbraException e) {
            throw invalid(given, e);
        }
    }

    private static PenumbraException invalid(String given, @Nullable PenumbraException cause) {
        return new PenumbraException(ErrorCode.INVALID_CONFIGURATION, cause)
                .with("setting", NAME)
                .with("value", given)
                .with(
                        "expected",
                        "a time of at most " + MAX.toMillis() + "ms as a whole number and ms or s, such as 80ms");
    }
}
