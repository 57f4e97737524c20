package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import dev.penumbra.shadow.read.Uncommitted.Ended;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UncommittedTest {
    private static final double ANY = 0;
    private static final TransactionId TRANSACTION = new TransactionId(1, 1);
    private static final TransactionId ANOTHER = new TransactionId(1, 2);

    private final CommitChance chance = new CommitChance();
    private final Uncommitted<String, Integer> uncommitted = new Uncommitted<>(chance);

    @BeforeEach
    void begin() {
        uncommitted.begin(at(10));
    }

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    /** All of one transaction. */
    private static Intent<String, Integer> intent(long id, String key, @Nullable Integer row) {
        return new Intent<>(id, TRANSACTION, key, row);
    }

    private void takes(String key, @Nullable Integer row, long sequence) {
        takes(key, row, sequence, TRANSACTION);
    }

    private void takes(String key, @Nullable Integer row, long sequence, TransactionId transaction) {
        uncommitted.changed(key, row, at(sequence), transaction);
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
        uncommitted.changed("a", 7, at(11), TRANSACTION);
        assertThat(uncommitted.of("a", ANY)).isEmpty();
        assertThat(uncommitted.of("b", ANY)).isPresent();
        uncommitted.listed(at(11), List.of(intent(3, "a", 8)));
        assertThat(uncommitted.of("a", ANY)).contains(intent(3, "a", 8));
    }

    @Test
    void aRowThatHadChangedBeforeTheList_isShownAsTheListHasIt() {
        uncommitted.changed("a", 7, at(11), TRANSACTION);
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
        uncommitted.changed("a", 1, at(11), TRANSACTION);
        uncommitted.changed("a", 2, at(12), TRANSACTION);
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
        takes("a", 5, 12, ANOTHER);
        uncommitted.listed(at(12), List.of());
        uncommitted.taken(at(12));
        assertThat(chance.held()).isEqualTo(1);
    }

    @Test
    void aChangeOfTwoRows_hasCome_whenBothHave() {
        uncommitted.listed(at(10), List.of(intent(1, "a", null), intent(1, "b", 1)));
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L));
        uncommitted.changed("a", null, at(11), TRANSACTION);
        uncommitted.changed("b", 1, at(11), TRANSACTION);
        uncommitted.committed();
        uncommitted.listed(at(11), List.of());
        uncommitted.taken(at(11));
        assertThat(ended).isCompletedWithValue(new Ended(at(11), true));
    }

    @Test
    void aChangeOfTwoRows_hasNotCome_whenOneIsChangedAgain() {
        uncommitted.listed(at(10), List.of(intent(1, "a", null), intent(1, "b", 1)));
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L));
        uncommitted.listed(at(10), List.of(intent(1, "a", null), intent(1, "b", 1), intent(2, "a", 2)));
        uncommitted.changed("a", 2, at(12), TRANSACTION);
        uncommitted.changed("b", 1, at(11), TRANSACTION);
        uncommitted.committed();
        uncommitted.listed(at(12), List.of());
        uncommitted.taken(at(12));
        assertThat(ended).isCompletedWithValue(new Ended(at(12), false));
    }

    @Test
    void whatWasTakenBack_hasNotCome_evenIfAnotherLeavesTheRowSo() {
        uncommitted.listed(at(10), List.of(intent(1, "a", null)));
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L));
        takes("a", null, 11, ANOTHER);
        uncommitted.listed(at(11), List.of());
        uncommitted.taken(at(11));
        assertThat(ended).isCompletedWithValue(new Ended(at(11), false));
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
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L, 2L));
        uncommitted.listed(at(12), List.of(intent(2, "b", 2)));
        assertThat(ended).isNotDone();
        assertThat(uncommitted.isAwaited()).isTrue();
        uncommitted.listed(at(14), List.of(intent(3, "b", 3)));
        assertThat(ended).as("before the journal has been taken so far").isNotDone();
        uncommitted.taken(at(14));
        assertThat(ended).isCompletedWithValue(new Ended(at(14), false));
        assertThat(uncommitted.isAwaited()).isFalse();
        assertThat(uncommitted.ended(List.of(1L))).isCompletedWithValue(new Ended(at(14), false));
    }

    @Test
    void whoWaits_isToldWhetherAllWasCommittedAsItWasSeen() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "b", 2), intent(3, "c", 3)));
        CompletableFuture<Ended> both = uncommitted.ended(List.of(1L, 2L));
        CompletableFuture<Ended> all = uncommitted.ended(List.of(1L, 2L, 3L));
        takes("a", 1, 11);
        takes("b", 2, 12);
        takes("b", 7, 13, ANOTHER);
        uncommitted.listed(at(13), List.of());
        uncommitted.taken(at(13));
        assertThat(both).isCompletedWithValue(new Ended(at(13), true));
        assertThat(all).isCompletedWithValue(new Ended(at(13), false));
        assertThat(uncommitted.ended(List.of(2L))).as("who asks late").isCompletedWithValue(new Ended(at(13), true));
    }

    @Test
    void whatIsChangedAgain_isNotAsItWasSeen_evenIfItIsCommitted() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        CompletableFuture<Ended> first = uncommitted.ended(List.of(1L));
        uncommitted.listed(at(10), List.of(intent(1, "a", 1), intent(2, "a", 2)));
        CompletableFuture<Ended> second = uncommitted.ended(List.of(2L));
        uncommitted.changed("a", 1, at(11), TRANSACTION);
        uncommitted.changed("a", 2, at(12), TRANSACTION);
        uncommitted.committed();
        assertThat(first).isNotDone();
        uncommitted.listed(at(12), List.of());
        uncommitted.taken(at(12));
        assertThat(first).isCompletedWithValue(new Ended(at(12), false));
        assertThat(second).isCompletedWithValue(new Ended(at(12), true));
    }

    @Test
    void whoWaits_isToldThatItWillNotBeKnown_whenListsEnd() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L));
        uncommitted.end();
        assertThat(ended).isCompletedWithValue(Ended.UNKNOWN);
        assertThat(uncommitted.ended(List.of(1L))).isCompletedWithValue(Ended.UNKNOWN);
        assertThat(uncommitted.of("a", ANY)).isEmpty();
    }

    @Test
    void whereListsHaveBegunAnew_theFirstOneIsWaitedFor() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        uncommitted.end();
        uncommitted.begin(at(20));
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L));
        assertThat(ended).isNotDone();
        uncommitted.listed(at(21), List.of());
        assertThat(ended).isCompletedWithValue(new Ended(at(21), false));
    }

    @Test
    void whereNoListComesInTime_nothingIsShown_andWhoWaitsGoesOnWaiting() {
        uncommitted.listed(at(10), List.of(intent(1, "a", 1)));
        CompletableFuture<Ended> ended = uncommitted.ended(List.of(1L));
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
