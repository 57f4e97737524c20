package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ValidatorTest {
    private static final UUID JOURNAL = new UUID(1, 1);
    private static final FeedName FEED = new FeedName("shop", Datacenter.of("home"), new UUID(2, 2));
    private static final Position POSITION = new Position(1, 5);
    private static final Key KEY = Key.of(7L);

    private final AtomicLong clock = new AtomicLong();
    private final List<Long> questions = new ArrayList<>();
    private final Freshness freshness = new Freshness(clock::get, (feed, question) -> questions.add(question));
    private final Image image = new Image();
    private final Validator validator = new Validator(image, freshness, clock::get, Runnable::run);

    /** A home image of one table with one row. */
    private static final class Image implements Validator.HomeImages {
        private @Nullable String copy = "home/1";

        @Override
        public Optional<Candidate> whole(String table) {
            return Optional.ofNullable(copy)
                    .filter(present -> table.equals("T"))
                    .map(present -> new Candidate(present, FEED, true, JOURNAL, POSITION));
        }

        @Override
        public boolean isSame(Finding finding) {
            return finding instanceof Finding.Rows found
                    && POSITION.equals(found.rows().get(KEY));
        }
    }

    private static List<Finding> found(String table, UUID journal, Position position) {
        return List.of(new Finding.Rows(table, journal, Map.of(KEY, position)));
    }

    private void prove() {
        clock.incrementAndGet();
        questions.forEach(question -> freshness.answered(FEED, question));
    }

    @Test
    void whatIsAsAtHome_isSoOnceHomeIsProven() {
        CompletableFuture<Boolean> same = validator.validate(found("T", JOURNAL, POSITION));
        assertThat(same).isNotDone();
        prove();
        assertThat(same).isCompletedWithValue(true);
    }

    @Test
    void anotherPosition_isNotAsAtHome() {
        CompletableFuture<Boolean> same = validator.validate(found("T", JOURNAL, new Position(1, 4)));
        prove();
        assertThat(same).isCompletedWithValue(false);
    }

    @Test
    void theSamePositionOfAnotherJournal_isAnotherChange() {
        CompletableFuture<Boolean> same = validator.validate(found("T", new UUID(3, 3), POSITION));
        prove();
        assertThat(same).isCompletedWithValue(false);
    }

    @Test
    void aTableThatIsNotAtHome_isNotAsAtHome() {
        assertThat(validator.validate(found("U", JOURNAL, POSITION))).isCompletedWithValue(false);
        assertThat(questions).isEmpty();
    }

    @Test
    void aHomeImageThatIsFilledAnewMeanwhile_saysNothing() {
        CompletableFuture<Boolean> same = validator.validate(found("T", JOURNAL, POSITION));
        image.copy = "home/2";
        prove();
        assertThat(same).isCompletedWithValue(false);
    }
}
