package dev.penumbra.ignite;

import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.read.Consistency;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.NullMarked;

/** The examples of {@code docs/consistency.md}, and the same compiled. */
@NullMarked
final class ConsistencyPage {
    private static final Path PAGE = Path.of("..", "docs", "consistency.md");
    private static final Path HERE =
            Path.of("src", "test", "java", "dev", "penumbra", "ignite", "ConsistencyPage.java");
    private static final String BEGIN = "// as on the page";
    private static final String END = "// until here";

    private ConsistencyPage() {}

    @SuppressWarnings("unused")
    static List<Optional<Row>> read(Ignite ignite, String token) {
        // as on the page
        Penumbra.Session session = Penumbra.of(ignite).session();
        CopiedTable orders = session.table("ORDERS");
        Key key = Key.of(7L);
        Answer<Optional<Row>> eventual = orders.get(key, Consistency.eventual());
        Answer<Optional<Row>> bounded = orders.get(key, Consistency.bounded(Duration.ofMillis(500)));
        Answer<Optional<Row>> written = orders.get(key, Consistency.session(SessionToken.parse(token)));
        Answer<Optional<Row>> validated = orders.get(key, Consistency.validated());
        Answer<Optional<Row>> primary = orders.get(key, Consistency.primary());
        Answer<Optional<Row>> optimistic = orders.get(key, Consistency.optimistic(Duration.ofMillis(500)));
        CompletionStage<Answer<Optional<Row>>> confirmed = optimistic.confirmed(); // it again, or corrected
        Answer.Source source = bounded.source(); // SHADOW, PRE_MERGED, HOME or SOURCE
        String copy = bounded.copy(); // SHADOW_EU.ORDERS
        Duration staleness = bounded.staleness(); // what could be proven of it; null when nothing could
        Position position = bounded.position(); // up to where it had its source's changes
        String reason = bounded.reason(); // why this copy
        // until here
        return List.of(
                eventual.value(),
                bounded.value(),
                written.value(),
                validated.value(),
                primary.value(),
                optimistic.value(),
                confirmed.toCompletableFuture().join().value());
    }

    /** The page's example in Java, line by line. */
    static List<String> java() throws IOException {
        return block("```java");
    }

    /** What has been compiled of it. */
    static List<String> compiled() throws IOException {
        return Files.readAllLines(HERE).stream()
                .map(String::strip)
                .dropWhile(line -> !line.equals(BEGIN))
                .skip(1)
                .takeWhile(line -> !line.equals(END))
                .toList();
    }

    /** The statements of the page's first example in SQL. */
    static List<String> sql() throws IOException {
        return Stream.of(String.join(" ", block("```sql")).split(";"))
                .map(String::strip)
                .toList();
    }

    private static List<String> block(String begin) throws IOException {
        return Files.readAllLines(PAGE).stream()
                .dropWhile(line -> !line.equals(begin))
                .skip(1)
                .takeWhile(line -> !line.equals("```"))
                .toList();
    }
}
