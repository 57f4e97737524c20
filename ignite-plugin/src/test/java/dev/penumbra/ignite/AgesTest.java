package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

@NullMarked
class AgesTest {
    /** A clock of nanoseconds may begin anywhere and pass its end. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000);

    private final AtomicReference<@Nullable Duration> noted = new AtomicReference<>();
    private final Ages ages = new Ages(clock::get, copy -> Optional.ofNullable(noted.get()));
    private final Copy mortal = copy(Duration.ofSeconds(10));

    private static Copy copy(Duration ttl) {
        ShadowDefinition definition = new ShadowDefinition(
                new ShadowName("shop", Orders.NAME, Datacenter.of("eu")),
                Compression.NONE,
                0,
                Consistency.eventual(),
                Coverage.whole(),
                ttl);
        return new Copy(Copy.Role.SHADOW, definition, "ORDERS").rebuilt(7, Orders.SCHEMA);
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @Test
    void whatNobodyHasNoted_hasNoAge() {
        assertThat(ages.of(mortal)).isEmpty();
        pass(Duration.ofHours(1));
        assertThat(ages.isOver(mortal)).isFalse();
    }

    @Test
    void whatWasNoted_agesByTheReadersClock_alsoWhenTheNoteIsNotRenewed() {
        noted.set(Duration.ofSeconds(4));
        assertThat(ages.of(mortal)).contains(Duration.ofSeconds(4));
        pass(Duration.ofMillis(5_999));
        assertThat(ages.isOver(mortal)).isFalse();
        pass(Duration.ofMillis(1));
        assertThat(ages.isOver(mortal)).isTrue();
        assertThat(ages.isOver(mortal, Duration.ofSeconds(1))).isFalse();
    }

    @Test
    void ofTwoNotes_theOneByWhichItIsOlderCounts() {
        noted.set(Duration.ofSeconds(5));
        assertThat(ages.of(mortal)).contains(Duration.ofSeconds(5));
        pass(Duration.ofSeconds(2));
        noted.set(Duration.ofSeconds(3));
        assertThat(ages.of(mortal)).contains(Duration.ofSeconds(7));
        pass(Duration.ofSeconds(2));
        noted.set(Duration.ofSeconds(30));
        assertThat(ages.of(mortal)).contains(Duration.ofSeconds(30));
    }

    @Test
    void aTimeToLiveThatIsAltered_countsFromTheSameBeginning() {
        noted.set(Duration.ofSeconds(20));
        assertThat(ages.isOver(mortal)).isTrue();
        assertThat(ages.isOver(copy(Duration.ofSeconds(21)))).isFalse();
        assertThat(ages.isOver(copy(Duration.ZERO))).isFalse();
    }

    @Test
    void aNoteThatIsTakenBack_isForgotten() {
        noted.set(Duration.ofSeconds(20));
        assertThat(ages.isOver(mortal)).isTrue();
        noted.set(null);
        pass(Duration.ofSeconds(2));
        assertThat(ages.of(mortal)).isEmpty();
    }

    @Test
    void whileTheNoteCannotBeRead_theShadowGoesOnToAge() {
        noted.set(Duration.ofSeconds(5));
        AtomicBoolean fails = new AtomicBoolean();
        Ages asking = new Ages(clock::get, copy -> {
            if (fails.get()) {
                throw new IgniteException("within a transaction");
            }
            return Optional.ofNullable(noted.get());
        });
        assertThat(asking.isOver(mortal)).isFalse();
        fails.set(true);
        pass(Duration.ofSeconds(5));
        assertThat(asking.isOver(mortal)).isTrue();
    }

    @Test
    void whatIsNotRetained_isAsOldAsItWasNoted() {
        noted.set(Duration.ofSeconds(5));
        assertThat(ages.of(mortal)).contains(Duration.ofSeconds(5));
        pass(Duration.ofMillis(500));
        ages.retain(Set.of());
        assertThat(ages.of(mortal)).contains(Duration.ofSeconds(5));
    }
}
