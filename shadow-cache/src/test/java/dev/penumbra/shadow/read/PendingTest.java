package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.penumbra.model.Position;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

@NullMarked
class PendingTest {
    private final Pending<String, String> pending = new Pending<>();

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    private static Pending.Change<String> change(@Nullable String row, long sequence) {
        return new Pending.Change<>(row, at(sequence));
    }

    @Test
    void aChange_isSeenFromItsTransactionsEnd_untilItIsWritten() {
        pending.stage("K", "row", at(1));
        assertThat(pending.newest("K")).isNull();
        assertThat(pending.waiting()).isEqualTo(1);
        pending.commit();
        assertThat(pending.newest("K")).isEqualTo(change("row", 1));
        Pending<String, String>.Taken taken = pending.take();
        assertThat(taken.changes()).isEqualTo(Map.of("K", change("row", 1)));
        assertThat(pending.waiting()).isZero();
        assertThat(pending.newest("K")).isEqualTo(change("row", 1));
        assertThat(pending.size()).isEqualTo(1);
        taken.written();
        assertThat(pending.newest("K")).isNull();
        assertThat(pending.size()).isZero();
    }

    @Test
    void ofARowsChanges_theNewestIsSeen_alsoOneThatRemovesIt() {
        pending.stage("K", "first", at(1));
        pending.commit();
        pending.take();
        pending.stage("K", "second", at(2));
        pending.stage("K", null, at(3));
        pending.commit();
        assertThat(pending.newest("K")).isEqualTo(change(null, 3));
        assertThat(pending.take().changes()).isEqualTo(Map.of("K", change(null, 3)));
    }

    @Test
    void anOlderChangeThatComesLater_doesNotCount_andOneThatIsAsOldDoes() {
        pending.stage("K", "newer", at(5));
        pending.commit();
        pending.stage("K", "older", at(4));
        pending.commit();
        assertThat(pending.newest("K")).isEqualTo(change("newer", 5));
        pending.stage("K", "as old", at(5));
        pending.commit();
        assertThat(pending.newest("K")).isEqualTo(change("as old", 5));
    }

    @Test
    void whatIsWritten_staysWhileAnOlderWriteIsUnderWay() {
        pending.stage("K", "first", at(1));
        Pending<String, String>.Taken first = pending.take();
        pending.stage("K", null, at(2));
        Pending<String, String>.Taken second = pending.take();
        second.written();
        assertThat(pending.newest("K")).isEqualTo(change(null, 2));
        first.written();
        assertThat(pending.newest("K")).isNull();
    }

    @Test
    void whatIsWrittenAhead_isPendingUntilItIsThere_andWaitsNoLonger() {
        pending.stage("K", "row", at(1));
        pending.stage("L", "other", at(2));
        pending.commit();
        pending.stage("M", "of a transaction that is not whole", at(3));
        Pending<String, String>.Ahead ahead = pending.ahead(List.of("K", "M", "unknown"));
        assertThat(ahead.changes()).isEqualTo(Map.of("K", change("row", 1)));
        assertThat(pending.newest("K")).isEqualTo(change("row", 1));
        assertThat(pending.size()).isEqualTo(2);
        ahead.written();
        assertThat(pending.newest("K")).isNull();
        pending.commit();
        assertThat(pending.take().changes().keySet()).containsExactlyInAnyOrder("L", "M");
    }

    @Test
    void whatComesWhileItsRowIsWrittenAhead_waitsForItsTurn() {
        pending.stage("K", "first", at(1));
        pending.commit();
        Pending<String, String>.Ahead ahead = pending.ahead(List.of("K"));
        pending.stage("K", null, at(2));
        pending.commit();
        ahead.written();
        assertThat(pending.newest("K")).isEqualTo(change(null, 2));
        assertThat(pending.take().changes()).isEqualTo(Map.of("K", change(null, 2)));
    }

    @Test
    void whatIsDiscarded_isGone_andWhatIsOnItsWayIsNot() {
        pending.stage("K", "taken", at(1));
        pending.take();
        pending.stage("L", "committed", at(2));
        pending.commit();
        pending.stage("M", "staged", at(3));
        pending.discard();
        pending.commit();
        assertThat(pending.newest("L")).isNull();
        assertThat(pending.newest("M")).isNull();
        assertThat(assertNotNullChange("K")).isEqualTo(change("taken", 1));
    }

    private Pending.Change<String> assertNotNullChange(String key) {
        Pending.Change<String> change = pending.newest(key);
        assertNotNull(change);
        return change;
    }

    /** A reader who looks at what is pending first and at the copy afterwards finds at least what had been committed before he looked. */
    @RepeatedTest(5)
    void whoeverLooksBesideTheFeed_findsNothingOlderThanWasThere(RepetitionInfo repetition)
            throws InterruptedException {
        Random random = new Random(repetition.getCurrentRepetition());
        Map<String, Long> copy = new ConcurrentHashMap<>();
        Map<String, Long> committed = new ConcurrentHashMap<>();
        Pending<String, Long> changes = new Pending<>();
        AtomicBoolean over = new AtomicBoolean();
        AtomicReference<String> wrong = new AtomicReference<>("");
        Thread reader = new Thread(() -> {
            Random own = new Random(7);
            while (!over.get()) {
                String key = "K" + own.nextInt(4);
                long atLeast = committed.getOrDefault(key, 0L);
                Pending.Change<Long> change = changes.newest(key);
                long stored = copy.getOrDefault(key, 0L);
                Long row = change == null ? null : change.row();
                long found = Math.max(stored, row == null ? 0 : row);
                if (found < atLeast) {
                    wrong.set(key + ": " + found + " where " + atLeast + " had been committed");
                }
            }
        });
        reader.start();
        Deque<Pending<String, Long>.Taken> flights = new ArrayDeque<>();
        for (long sequence = 1; sequence < 60_000; sequence++) {
            String key = "K" + random.nextInt(4);
            changes.stage(key, sequence, at(sequence));
            changes.commit();
            committed.put(key, sequence);
            if (random.nextInt(8) == 0) {
                flights.add(changes.take());
            }
            if (random.nextInt(64) == 0) {
                flights.forEach(taken -> land(taken, copy));
                flights.clear();
            }
            if (random.nextInt(16) == 0 && flights.isEmpty()) {
                Pending<String, Long>.Ahead ahead = changes.ahead(List.of("K" + random.nextInt(4), key));
                ahead.changes().forEach((written, change) -> copy.merge(written, assertRow(change), Math::max));
                ahead.written();
            }
            if (flights.size() > 2) {
                land(flights.remove(), copy);
            }
        }
        over.set(true);
        reader.join();
        assertThat(List.of(wrong.get())).containsExactly("");
    }

    private static void land(Pending<String, Long>.Taken taken, Map<String, Long> copy) {
        taken.changes().forEach((written, change) -> copy.merge(written, assertRow(change), Math::max));
        taken.written();
    }

    private static Long assertRow(Pending.Change<Long> change) {
        Long row = change.row();
        assertNotNull(row);
        return row;
    }
}
