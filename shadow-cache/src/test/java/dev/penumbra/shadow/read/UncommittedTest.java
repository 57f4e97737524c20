package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Position;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UncommittedTest {
    private static final double ANY = 0;

    private final CommitChance chance = new CommitChance();
    private final Uncommitted<String, Integer> uncommitted = new Uncommitted<>(chance);

    @BeforeEach
    void begin() {
        uncommitted.begin(at(10));
    }

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    private static Intent<String, Integer> intent(long id, String key, @Nullable Integer row) {
        return new Intent<>(id, key, row);
    }

    private void takes(String key, @Nullable Integer row, long sequence) {
        uncommitted.changed(key, row, at(sequence));
        uncommitted.committed();
        uncommitted.taken(at(sequence));
    }

    @Test
    void whatStands_isShown_theLatestOfEachRow() {
        uncommitted.listed(at(10), List.of(intent(2, "a", 2), intent(1, "a", 1), intent(3, "b", null)));
        assertThat(uncommitted.of("a", ANY)).contains(intent(2, "a", 2));
        assertThat(uncommitted.of("b", ANY)).contains(intent(3, "b", null));
        assertThat(uncommitted.of("c", ANY)).isEmpty();
    }

    @Test
    void aRowThatHasChangedBehindTheList_isNotShownAsTheListHasIt() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "b", 2)));
        uncommitted.changed("a", 7, at(11));
        assertThat(uncommitted.of("a", ANY)).isEmpty();
        assertThat(uncommitted.of("b", ANY)).isPresent();
        uncommitted.listed(at(11), List.of(intent(3, "a", 8)));
        assertThat(uncommitted.of("a", ANY)).contains(intent(3, "a", 8));
    }

    @Test
    void aRowThatHadChangedBeforeTheList_isShownAsTheListHasIt() {
        uncommitted.changed("a", 7, at(11));
        uncommitted.listed(at(11), List.of(intent(1, "a", 8)));
        assertThat(uncommitted.of("a", ANY)).isPresent();
    }

    @Test
    void aListThatIsOlderThanWhatHadBeenTaken_whenListsBecameWanted_isNotBelieved() {
        uncommitted.listed(at(9), List.of(intent(1, "a", 1)));
        assertThat(uncommitted.of("a", ANY)).isEmpty();
    }

    @Test
    void whatComesAsItWasSeen_makesTheNextMoreLikely() {
        assertThat(chance.estimate()).isEqualTo(0.5);
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "b", null)));
        takes("a", 1, 11);
        takes("b", null, 12);
        assertThat(chance.held()).as("before a list lacks them").isZero();
        uncommitted.listed(at(12), List.of());
        uncommitted.taken(at(12));
        assertThat(chance.held()).isEqualTo(2);
        assertThat(chance.missed()).isZero();
        assertThat(chance.estimate()).isGreaterThan(0.7);
    }

    @Test
    void whatTheListLacksBeforeTheJournalHasBeenTakenSoFar_isWaitedFor() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        uncommitted.listed(at(13), List.of());
        uncommitted.taken(at(12));
        assertThat(chance.held() + chance.missed()).isZero();
        takes("a", 1, 13);
        assertThat(chance.held()).isEqualTo(1);
    }

    @Test
    void whatDoesNotCome_orComesOtherwise_makesTheNextLessLikely() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "b", 2)));
        takes("b", 3, 11);
        uncommitted.listed(at(11), List.of());
        uncommitted.taken(at(11));
        assertThat(chance.missed()).isEqualTo(2);
        assertThat(chance.estimate()).isLessThan(0.3);
    }

    @Test
    void whatIsChangedAgainBeforeItIsCommitted_hasNotCome() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "a", 2)));
        assertThat(chance.missed()).isEqualTo(1);
        // One transaction has both.
        uncommitted.changed("a", 1, at(11));
        uncommitted.changed("a", 2, at(12));
        uncommitted.committed();
        uncommitted.listed(at(12), List.of());
        uncommitted.taken(at(12));
        assertThat(chance.held()).isEqualTo(1);
        assertThat(chance.missed()).isEqualTo(1);
    }

    @Test
    void whatCameAndWasChangedByTheNextTransaction_hasCome() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        takes("a", 1, 11);
        takes("a", 5, 12);
        uncommitted.listed(at(12), List.of());
        uncommitted.taken(at(12));
        assertThat(chance.held()).isEqualTo(1);
    }

    @Test
    void whatIsTooUnlikely_isNotShown() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        assertThat(uncommitted.of("a", 0.5)).isPresent();
        assertThat(uncommitted.of("a", 0.51)).isEmpty();
        for (int i = 0; i < 1_000; i++) {
            chance.ended(true);
        }
        assertThat(uncommitted.of("a", 0.98)).isPresent();
        assertThat(uncommitted.of("a", 1)).as("nothing is certain").isEmpty();
    }

    @Test
    void whoWaits_isToldWhenNoneOfTheChangesStandsAnyMore() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "b", 2)));
        CompletableFuture<Position> ended = uncommitted.ended(List.of(1L, 2L));
        uncommitted.listed(at(12), List.of(intent(2, "b", 2)));
        assertThat(ended).isNotDone();
        assertThat(uncommitted.isAwaited()).isTrue();
        uncommitted.listed(at(14), List.of(intent(3, "b", 3)));
        assertThat(ended).isCompletedWithValue(at(14));
        assertThat(uncommitted.isAwaited()).isFalse();
        assertThat(uncommitted.ended(List.of(1L))).isCompletedWithValue(at(14));
    }

    @Test
    void whoWaits_isToldThatItWillNotBeKnown_whenListsEnd() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        CompletableFuture<Position> ended = uncommitted.ended(List.of(1L));
        uncommitted.end();
        assertThat(ended).isCompletedWithValue(Position.START);
        assertThat(uncommitted.ended(List.of(1L))).isCompletedWithValue(Position.START);
        assertThat(uncommitted.of("a", ANY)).isEmpty();
    }

    @Test
    void whereListsHaveBegunAnew_theFirstOneIsWaitedFor() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        uncommitted.end();
        uncommitted.begin(at(20));
        CompletableFuture<Position> ended = uncommitted.ended(List.of(1L));
        assertThat(ended).isNotDone();
        uncommitted.listed(at(21), List.of());
        assertThat(ended).isCompletedWithValue(at(21));
    }

    @Test
    void whereNoListComesInTime_nothingIsShown_andWhoWaitsGoesOnWaiting() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        CompletableFuture<Position> ended = uncommitted.ended(List.of(1L));
        uncommitted.hide();
        assertThat(uncommitted.of("a", ANY)).isEmpty();
        assertThat(ended).isNotDone();
        uncommitted.listed(at(11), List.of(intent(1, "a", 1)));
        assertThat(uncommitted.of("a", ANY)).isPresent();
    }

    @Test
    void whoHasGivenUp_isNotWaitedFor() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        uncommitted.ended(List.of(1L)).cancel(false);
        assertThat(uncommitted.isAwaited()).isFalse();
    }
}
