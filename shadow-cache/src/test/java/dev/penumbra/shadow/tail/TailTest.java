package dev.penumbra.shadow.tail;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@NullMarked
class TailTest {
    private static final long TICK_NANOS = Duration.ofMillis(10).toNanos();

    /** Near its end on purpose: System.nanoTime() may be anything, and may overflow. */
    private final AtomicLong clock =
            new AtomicLong(Long.MAX_VALUE - Duration.ofMillis(300).toNanos());

    private final List<Runnable> onTheirWay = new ArrayList<>();

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    private static byte[] frame(long number, int bytes) {
        byte[] frame = new byte[bytes];
        frame[0] = (byte) number;
        return frame;
    }

    /** A sender and a receiver with a bad network between them, whose messages stay on their way until somebody moves them. */
    private final class Pair {
        private final Random random;
        private final TailReceiver receiver;
        private final TailSender sender;
        private final List<byte[]> sent = new ArrayList<>();
        private int received;
        private int lost;

        Pair(Random random, double loss) {
            this.random = random;
            this.sender =
                    new TailSender((number, frame) -> onWay(() -> receiver().arrived(number, frame), loss));
            this.receiver = new TailReceiver(clock::get, taken -> onWay(() -> sender().taken(taken), 0));
        }

        private TailReceiver receiver() {
            return receiver;
        }

        private TailSender sender() {
            return sender;
        }

        private void onWay(Runnable arrival, double chanceOfLoss) {
            if (random.nextDouble() < chanceOfLoss) {
                lost++;
                return;
            }
            onTheirWay.add(arrival);
            if (random.nextInt(10) == 0) {
                onTheirWay.add(arrival);
            }
        }

        void say() {
            long number = sender.sent();
            onWay(() -> receiver.heard(number), 0);
        }

        void send(int bytes) {
            byte[] frame = frame(sent.size() + 1, bytes);
            sent.add(frame);
            sender.send(frame);
        }

        void moveSome() {
            for (int moved = random.nextInt(4); moved > 0 && !onTheirWay.isEmpty(); moved--) {
                onTheirWay.remove(random.nextInt(onTheirWay.size())).run();
            }
        }

        void moveAll() {
            while (!onTheirWay.isEmpty()) {
                onTheirWay.remove(random.nextInt(onTheirWay.size())).run();
            }
        }

        void takeAll() {
            byte[] frame = receiver.take();
            while (frame != null) {
                assertThat(frame).isSameAs(sent.get(received));
                received++;
                frame = receiver.take();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void framesAreGivenOutInTheirOrder_andALossIsNoticed_alsoOfTheLast(long seed) {
        Random random = new Random(seed);
        Pair pair = new Pair(random, seed % 2 == 0 ? 0 : 0.01);
        for (int step = 0; step < 400; step++) {
            clock.addAndGet(random.nextInt(3) * TICK_NANOS);
            if (random.nextBoolean() && pair.sender.hasRoom()) {
                pair.send(1 + random.nextInt(60_000));
            }
            if (random.nextInt(5) == 0) {
                pair.say();
            }
            pair.moveSome();
            pair.takeAll();
        }
        pair.say();
        pair.moveAll();
        pair.takeAll();
        clock.addAndGet(TailReceiver.MISSING.toNanos() + 1);

        assertThat(pair.receiver.isBroken()).isEqualTo(pair.lost > 0);
        if (pair.lost == 0) {
            assertThat(pair.received).isEqualTo(pair.sent.size());
        }
    }

    @Test
    void aFrameThatIsOnlyLate_breaksNothing() {
        Pair pair = new Pair(new Random(1), 0);
        pair.send(10);
        pair.send(10);
        onTheirWay.remove(onTheirWay.size() - 1).run();
        clock.addAndGet(TailReceiver.MISSING.toNanos() / 2);
        assertThat(pair.receiver.isBroken()).isFalse();
        assertThat(pair.receiver.take()).isNull();

        pair.moveAll();
        clock.addAndGet(TailReceiver.MISSING.toNanos() * 2);

        assertThat(pair.receiver.isBroken()).isFalse();
        assertThat(pair.receiver.contiguous()).isEqualTo(2);
    }

    @Test
    void aSilentSender_breaksTheTail() {
        Pair pair = new Pair(new Random(1), 0);
        clock.addAndGet(TailReceiver.SILENCE.toNanos() - 1);
        assertThat(pair.receiver.isBroken()).isFalse();
        pair.say();
        pair.moveAll();
        clock.addAndGet(TailReceiver.SILENCE.toNanos());
        assertThat(pair.receiver.isBroken()).isFalse();
        clock.addAndGet(1);
        assertThat(pair.receiver.isBroken()).isTrue();
    }

    @Test
    void aSenderWithoutRoom_waitsForWhoeverReads_andGoesOn() {
        Pair pair = new Pair(new Random(1), 0);
        int frames = 0;
        while (pair.sender.hasRoom()) {
            pair.send(TailSender.WINDOW_BYTES / 16);
            frames++;
        }
        assertThat(frames).isEqualTo(16);
        pair.moveAll();
        assertThat(pair.sender.hasRoom()).isFalse();

        pair.takeAll();
        pair.moveAll();

        assertThat(pair.sender.hasRoom()).isTrue();
        assertThat(pair.received).isEqualTo(frames);
    }

    @Test
    void aFrameLargerThanTheWindow_isSentAndTaken() {
        Pair pair = new Pair(new Random(1), 0);
        pair.send(TailSender.WINDOW_BYTES * 2);
        assertThat(pair.sender.hasRoom()).isFalse();
        pair.moveAll();
        pair.takeAll();
        pair.moveAll();
        assertThat(pair.sender.hasRoom()).isTrue();
    }
}
