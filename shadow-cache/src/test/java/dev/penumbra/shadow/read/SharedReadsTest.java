package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedReadsTest {
    private static final int CROWD = 1_000;

    private final SharedReads<String, Integer> shared = new SharedReads<>();
    private final AtomicInteger reads = new AtomicInteger();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        goOn.countDown();
        threads.shutdownNow();
    }

    /** Reads a number that tells how many reads there were before, once that is permitted. */
    private int slow() {
        int before = reads.getAndIncrement();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return before;
    }

    private Future<Integer> first() {
        Future<Integer> first = threads.submit(() -> shared.get("K", true, this::slow));
        await().until(() -> reads.get() > 0);
        return first;
    }

    /** As many more, all of which wait before the first read goes on. */
    private List<Future<Integer>> crowd(boolean mayHaveBegun) {
        List<Future<Integer>> crowd = new ArrayList<>();
        List<Thread> waiting = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < CROWD; i++) {
            crowd.add(threads.submit(() -> {
                waiting.add(Thread.currentThread());
                return shared.get("K", mayHaveBegun, this::slow);
            }));
        }
        await().until(() -> waiting.size() == CROWD
                && List.copyOf(waiting).stream().allMatch(thread -> thread.getState() == Thread.State.WAITING));
        return crowd;
    }

    @Test
    void aThousandWhoMissOneKeyAtOnce_readItOnce() throws Exception {
        Future<Integer> first = first();
        List<Future<Integer>> crowd = crowd(true);
        goOn.countDown();
        assertThat(first.get()).isZero();
        for (Future<Integer> one : crowd) {
            assertThat(one.get()).isZero();
        }
        assertThat(reads).hasValue(1);
        assertThat(shared.get("K", true, this::slow)).isEqualTo(1);
    }

    @Test
    void whoMustHaveWhatIsThereNow_sharesTheNextRead_notOneThatHasBegun() throws Exception {
        Future<Integer> first = first();
        List<Future<Integer>> crowd = crowd(false);
        goOn.countDown();
        assertThat(first.get()).isZero();
        for (Future<Integer> one : crowd) {
            assertThat(one.get()).isEqualTo(1);
        }
        assertThat(reads).hasValue(2);
        assertThat(shared.get("K", false, this::slow)).isEqualTo(2);
    }

    @Test
    void otherKeys_areNotWaitedFor() throws Exception {
        Future<Integer> first = first();
        assertThat(shared.get("L", true, () -> 7)).isEqualTo(7);
        goOn.countDown();
        assertThat(first.get()).isZero();
    }

    @Test
    void aFailure_isThrownToAllWhoShareIt_andForgotten() throws Exception {
        assertThatThrownBy(() -> shared.get("K", true, () -> {
                    throw new IllegalStateException("no");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no");
        assertThat(shared.get("K", true, () -> 3)).isEqualTo(3);
    }
}
