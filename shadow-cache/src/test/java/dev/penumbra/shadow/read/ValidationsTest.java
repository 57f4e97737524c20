package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class ValidationsTest {
    private static final List<Finding> FOUND = List.of(new Finding.Statement("T", new UUID(1, 1), Position.START));

    private final List<Long> sent = new ArrayList<>();
    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private final Validations validations = new Validations((number, findings) -> sent.add(number), this::after);
    private long now;

    private record Task(long at, Runnable runnable) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            return Long.compare(at, other.at);
        }
    }

    private void after(long nanos, Runnable task) {
        tasks.add(new Task(now + nanos, task));
    }

    private void pass(Duration time) {
        long end = now + time.toNanos();
        while (!tasks.isEmpty() && tasks.element().at() <= end) {
            Task next = tasks.remove();
            now = next.at();
            next.runnable().run();
        }
        now = end;
    }

    @Test
    void oneQuestionIsSent_andItsAnswerIsTheAnswer() {
        CompletableFuture<Boolean> same = validations.validate(FOUND, Duration.ofSeconds(2));
        pass(Duration.ofMillis(100));
        assertThat(sent).hasSize(1);
        validations.answered(sent.get(0), true);
        assertThat(same).isCompletedWithValue(true);
        pass(Duration.ofSeconds(5));
        assertThat(sent).hasSize(1);
    }

    @Test
    void whatIsLost_isAskedAgain_andAnyAnswerCounts() {
        CompletableFuture<Boolean> same = validations.validate(FOUND, Duration.ofSeconds(2));
        pass(Duration.ofSeconds(1));
        assertThat(sent).hasSizeGreaterThan(2).doesNotHaveDuplicates();
        validations.answered(sent.get(1), false);
        assertThat(same).isCompletedWithValue(false);
    }

    @Test
    void whatNobodyAnswersInTime_isRefused() {
        CompletableFuture<Boolean> same = validations.validate(FOUND, Duration.ofSeconds(2));
        pass(Duration.ofSeconds(3));
        assertThatThrownBy(same::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        PenumbraException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STALENESS));
        validations.answered(sent.get(0), true);
        assertThat(same).isCompletedExceptionally();
    }
}
