package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UncommittedWatchTest {
    private static final Duration EVERY = Duration.ofMillis(100);

    private long now = Long.MAX_VALUE - 1_000_000;
    private int asked;
    private int opened;
    private int closed;
    private @Nullable String answer;
    private @Nullable PenumbraException failure;
    private boolean awaited;
    private final List<String> told = new ArrayList<>();

    private final UncommittedWatch<String> watch = new UncommittedWatch<>(() -> now, EVERY, () -> {
        opened++;
        return new Listings();
    });

    private final Copied copied = new Copied();

    private final class Listings implements UncommittedWatch.Listings<String> {
        @Override
        public void ask() {
            if (failure != null) {
                throw failure;
            }
            asked++;
        }

        @Override
        public @Nullable String listed() {
            String given = answer;
            answer = null;
            return given;
        }

        @Override
        public void close() {
            closed++;
        }
    }

    private final class Copied implements UncommittedWatch.Told<String> {
        @Override
        public void listsBegin(Position taken) {
            told.add("begin");
        }

        @Override
        public void listed(String listing) {
            told.add(listing);
        }

        @Override
        public void listsTaken(Position upTo) {}

        @Override
        public void listsLate() {
            told.add("late");
        }

        @Override
        public void listsEnd() {
            told.add("end");
        }

        @Override
        public boolean isAwaited() {
            return awaited;
        }
    }

    private void look(boolean wanted) {
        watch.look(wanted, Position.START, () -> List.of(copied));
    }

    private void after(Duration time) {
        now += time.toNanos();
    }

    @Test
    void nobodyIsAsked_whileNobodyWantsToKnow() {
        look(false);
        after(Duration.ofHours(1));
        look(false);
        assertThat(opened).isZero();
    }

    @Test
    void theSourceIsAskedAtOnce_andThenAgainAndAgain_whenItHasAnswered() {
        look(true);
        assertThat(asked).isEqualTo(1);
        look(true);
        after(EVERY);
        look(false);
        assertThat(asked).as("before it has answered").isEqualTo(1);
        answer = "list";
        look(false);
        assertThat(asked).isEqualTo(2);
        assertThat(told).containsExactly("begin", "list", "begin");
        assertThat(opened).isEqualTo(1);
    }

    @Test
    void whereNoAnswerComes_whatWasSaidIsShownNoLonger_andTheQuestionIsAskedAgain() {
        look(true);
        answer = "list";
        look(false);
        after(EVERY);
        look(false);
        told.clear();
        after(UncommittedWatch.LOST.minusMillis(1));
        look(false);
        assertThat(told).isEmpty();
        after(Duration.ofMillis(1));
        look(false);
        assertThat(told).containsExactly("late", "begin");
        assertThat(asked).isEqualTo(3);
    }

    @Test
    void whereNobodyWantsToKnowAnyMore_itEnds_butNotBeforeThoseAreToldWhoWait() {
        look(true);
        after(UncommittedWatch.WANTED.plusMillis(1));
        awaited = true;
        look(false);
        assertThat(closed).isZero();
        awaited = false;
        look(false);
        assertThat(closed).isEqualTo(1);
        assertThat(told).endsWith("end");
        look(true);
        assertThat(opened).isEqualTo(2);
    }

    @Test
    void aCopyThatHasLeft_isTold_andOneThatHasCome() {
        Copied former = new Copied();
        watch.look(true, Position.START, () -> List.of(former));
        answer = "list";
        after(EVERY);
        look(true);
        assertThat(told).containsExactly("begin", "list", "end", "begin");
    }

    @Test
    void whereTheSourceCannotBeAsked_itEnds_andIsTriedAgainWithTheNextRead() {
        failure = new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE);
        look(true);
        assertThat(closed).isEqualTo(1);
        look(false);
        assertThat(opened).isEqualTo(1);
        failure = null;
        look(true);
        assertThat(opened).isEqualTo(2);
        assertThat(asked).isEqualTo(1);
    }
}
