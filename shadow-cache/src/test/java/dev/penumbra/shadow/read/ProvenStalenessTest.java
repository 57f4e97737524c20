package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@NullMarked
class ProvenStalenessTest {
    /** Near its end on purpose: System.nanoTime() may be anything, and may overflow. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000);

    private final AtomicLong numbers = new AtomicLong();
    private final ProvenStaleness staleness = new ProvenStaleness(clock::get, numbers::incrementAndGet);

    static LongStream seeds() {
        return LongStream.range(0, 200);
    }

    @Test
    void withoutAnAnswer_nothingIsProven() {
        staleness.ask();
        clock.addAndGet(5);
        assertThat(staleness.nanos(null)).isEmpty();
        staleness.answered(17);
        assertThat(staleness.nanos(null)).isEmpty();
    }

    @Test
    void anAnswer_provesTheMomentOfItsQuestion_andNotOfItsArrival() {
        long question = staleness.ask();
        clock.addAndGet(400);
        staleness.answered(question);
        assertThat(staleness.nanos(null)).hasValue(400);
        clock.addAndGet(2_000);
        assertThat(staleness.nanos(null)).hasValue(2_400);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void inWhateverOrderAnswersCome_orNever_theLatestAnsweredQuestionCounts(long seed) {
        Random random = new Random(seed);
        Map<Long, Long> askedAt = new HashMap<>();
        List<Long> onTheirWay = new ArrayList<>();
        long latest = Long.MIN_VALUE;
        for (int step = 0; step < 2_000; step++) {
            clock.addAndGet(random.nextInt(100));
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    long question = staleness.ask();
                    askedAt.put(question, clock.get());
                    if (random.nextInt(5) > 0) {
                        onTheirWay.add(question);
                    }
                }
                case 2 -> {
                    if (!onTheirWay.isEmpty()) {
                        long question = onTheirWay.remove(random.nextInt(onTheirWay.size()));
                        boolean forgotten = askedAt.keySet().stream()
                                        .filter(other -> other > question)
                                        .count()
                                >= ProvenStaleness.MAX_PENDING;
                        staleness.answered(question);
                        if (!forgotten) {
                            latest = Math.max(latest, question);
                        }
                        if (random.nextBoolean()) {
                            staleness.answered(question);
                        }
                    }
                }
                default -> {
                    if (latest == Long.MIN_VALUE) {
                        assertThat(staleness.nanos(null)).as("seed %d", seed).isEmpty();
                    } else {
                        assertThat(staleness.nanos(null))
                                .as("seed %d", seed)
                                .hasValue(clock.get() - askedAt.getOrDefault(latest, 0L));
                    }
                }
            }
        }
    }
}
