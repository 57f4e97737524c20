package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CounterCheckTest {
    private static final int COUNTER = 1;
    private static final Duration BOUND = Duration.ofMillis(100);

    private long millis = 5_000;
    private final CounterCheck check = new CounterCheck(2, () -> TimeUnit.MILLISECONDS.toNanos(millis));
    private final CounterCheck.Session session = check.session("eu");

    private void count() {
        check.begin(COUNTER);
        check.committed(COUNTER);
    }

    private CounterCheck.Question ask(Level level) {
        return session.ask(COUNTER, level, BOUND);
    }

    private void assertRight(Level level, long value) {
        ask(level).answered(value);
        assertThat(check.violations()).isEmpty();
    }

    private void assertWrong(Level level, long value) {
        ask(level).answered(value);
        assertThat(check.violationCount()).isEqualTo(1);
        assertThat(check.violations()).singleElement().asString().contains("counter 1 in eu at " + level);
    }

    @Test
    void atEventual_anyStateThatThereWasIsRight() {
        count();
        count();
        assertRight(Level.EVENTUAL, 0);
        assertRight(Level.EVENTUAL, 2);
    }

    @Test
    void atEventual_aValueThatNobodyHasBegunToWrite_isFound() {
        count();
        assertWrong(Level.EVENTUAL, 2);
    }

    @Test
    void atEventual_aRowThatIsNotThere_isFound() {
        assertWrong(Level.EVENTUAL, CounterCheck.ABSENT);
    }

    @Test
    void aCounterThatGoesBackInASession_isFound_untilItIsWhereItWas() {
        count();
        count();
        assertRight(Level.EVENTUAL, 2);
        assertWrong(Level.EVENTUAL, 0);
        ask(Level.EVENTUAL).answered(1);
        assertThat(check.violationCount()).isEqualTo(2);
        ask(Level.EVENTUAL).answered(2);
        assertThat(check.violationCount()).isEqualTo(2);
    }

    @Test
    void whatAnotherSessionHasRead_isNotAskedOfThisOne() {
        count();
        check.session("us").ask(COUNTER, Level.EVENTUAL, BOUND).answered(1);
        assertRight(Level.EVENTUAL, 0);
    }

    @Test
    void atBounded_aCommitWithinTheBoundMayBeMissing() {
        count();
        millis += BOUND.toMillis();
        assertRight(Level.BOUNDED, 0);
    }

    @Test
    void atBounded_aMissingCommitThatIsOlderThanTheBound_isFound() {
        count();
        millis += BOUND.toMillis() + 1;
        assertWrong(Level.BOUNDED, 0);
    }

    @Test
    void atBounded_theBoundIsCountedFromTheQuestion_notFromTheAnswer() {
        count();
        CounterCheck.Question question = ask(Level.BOUNDED);
        millis += 2 * BOUND.toMillis();
        question.answered(0);
        assertThat(check.violations()).isEmpty();
    }

    @Test
    void atSession_whatTheTokenDoesNotName_mayBeMissing() {
        SessionToken token = SessionToken.of("shop", new UUID(0, 1), new Position(1, 1));
        count();
        check.mark(token);
        count();
        assertThat(ask(Level.SESSION).consistency()).isEqualTo(Consistency.session(token));
        assertRight(Level.SESSION, 1);
    }

    @Test
    void atSession_aMissingCommitThatTheTokenNames_isFound() {
        count();
        count();
        check.mark(SessionToken.of("shop", new UUID(0, 1), new Position(1, 2)));
        assertWrong(Level.SESSION, 1);
    }

    @Test
    void atSession_aLaterTokenIsNotAskedOfAnEarlierQuestion() {
        CounterCheck.Question question = ask(Level.SESSION);
        count();
        check.mark(SessionToken.of("shop", new UUID(0, 1), new Position(1, 1)));
        question.answered(0);
        assertThat(check.violations()).isEmpty();
    }

    @Test
    void atPrimary_aCommitThatWasNotToldOfBeforeTheQuestion_mayBeMissing() {
        check.begin(COUNTER);
        CounterCheck.Question question = ask(Level.PRIMARY);
        check.committed(COUNTER);
        question.answered(0);
        assertThat(check.violations()).isEmpty();
    }

    @Test
    void atPrimary_aMissingCommitThatWasToldOfBeforeTheQuestion_isFound() {
        count();
        millis++;
        assertWrong(Level.PRIMARY, 0);
    }

    @Test
    void atOptimistic_whatIsBegunIsRight_andWhatWasTakenBack_untilItIsConfirmed() {
        check.begin(COUNTER);
        assertRight(Level.OPTIMISTIC, 1);
        CounterCheck.Question question = ask(Level.OPTIMISTIC);
        check.takingBack(COUNTER);
        assertRight(Level.OPTIMISTIC, 1);
        assertRight(Level.OPTIMISTIC, 0);
        question.confirmed(0);
        assertThat(check.violations()).isEmpty();
        question.confirmed(1);
        assertThat(check.violations()).singleElement().asString().contains("confirmed or corrected, is 1");
    }

    @Test
    void atOptimistic_aMissingCommitThatIsOlderThanTheBound_isFound() {
        count();
        millis += BOUND.toMillis() + 1;
        assertWrong(Level.OPTIMISTIC, 0);
    }

    @Test
    void atOptimistic_aValueThatNobodyHasBegunToWrite_isFound() {
        count();
        assertWrong(Level.OPTIMISTIC, 2);
    }

    @Test
    void whatWasTakenBack_isFoundAtEveryOtherLevel() {
        check.begin(COUNTER);
        check.takingBack(COUNTER);
        assertWrong(Level.EVENTUAL, 1);
    }

    @Test
    void commits_areThoseThatTheWriterWasToldOf() {
        count();
        check.begin(COUNTER);
        assertThat(check.commits()).isEqualTo(1);
    }

    @Test
    void ofManyWrongAnswers_allAreCounted_andTheFirstKept() {
        for (int i = 1; i <= 30; i++) {
            check.session("session " + i).ask(0, Level.EVENTUAL, BOUND).answered(i);
        }
        assertThat(check.violationCount()).isEqualTo(30);
        assertThat(check.violations()).hasSize(20).first().asString().contains("session 1 ");
    }
}
