package dev.penumbra.shadow.tail;

import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of a tail: puts frames in order, and knows when one is missing or nothing is heard any more.
 *
 * <p>Frames may come in any order and more than once. They are given out in the order in which they were sent and none is passed over: when
 * one does not come, the tail is broken, and whoever reads it opens another where it was. That is noticed also when the lost frame was the
 * last, because the sender says again and again how many it has sent.
 *
 * <p>Frames are taken by one thread; anybody may bring them.
 */
@Internal
public final class TailReceiver {
    /** For how long a frame may be missing that has been sent. */
    public static final Duration MISSING = Duration.ofSeconds(1);

    /** For how long nothing may be heard from the sender; a large frame on a slow link is long on its way. */
    public static final Duration SILENCE = Duration.ofMinutes(1);

    private static final int ACKNOWLEDGED_BYTES = TailSender.WINDOW_BYTES / 8;

    private final LongSupplier nanos;
    private final LongConsumer acknowledge;
    private final Map<Long, byte[]> held = new HashMap<>();
    private long taken;
    private long acknowledged;
    private long bytesTaken;
    /** All frames up to here have come. */
    private long contiguous;

    private long sent;
    private long missingSince;
    private long heardAt;

    /**
     * @param nanos a monotonic clock, in nanoseconds
     * @param acknowledge tells the sender up to which frame all have been taken; must not wait
     */
    public TailReceiver(LongSupplier nanos, LongConsumer acknowledge) {
        this.nanos = nanos;
        this.acknowledge = acknowledge;
        this.heardAt = nanos.getAsLong();
    }

    /** A frame has come. */
    public synchronized void arrived(long number, byte[] frame) {
        heard(number);
        if (number > contiguous) {
            held.putIfAbsent(number, frame);
            boolean more = false;
            while (held.containsKey(contiguous + 1)) {
                contiguous++;
                more = true;
            }
            if (more) {
                missingSince = nanos.getAsLong();
            }
        }
    }

    /** The sender says how many frames it has sent. */
    public synchronized void heard(long framesSent) {
        heardAt = nanos.getAsLong();
        if (framesSent > sent) {
            if (contiguous == sent) {
                missingSince = heardAt;
            }
            sent = framesSent;
        }
    }

    /** The next frame, null when it has not come. */
    public byte @Nullable [] take() {
        byte[] frame;
        synchronized (this) {
            frame = held.remove(taken + 1);
            if (frame == null) {
                return null;
            }
            taken++;
            bytesTaken += frame.length;
            if (bytesTaken < ACKNOWLEDGED_BYTES) {
                return frame;
            }
        }
        acknowledge();
        return frame;
    }

    /** Tells the sender what has been taken, if it does not know. */
    public void acknowledge() {
        long number;
        synchronized (this) {
            if (acknowledged == taken) {
                return;
            }
            number = taken;
            acknowledged = number;
            bytesTaken = 0;
        }
        acknowledge.accept(number);
    }

    /** How many frames have been taken. */
    public synchronized long taken() {
        return taken;
    }

    /** How many frames have come without one missing in between. */
    public synchronized long contiguous() {
        return contiguous;
    }

    /** Whether a frame is missing for good, or the sender is silent: nothing more will be given out that could be relied on. */
    public synchronized boolean isBroken() {
        long now = nanos.getAsLong();
        return (contiguous < sent && now - missingSince > MISSING.toNanos()) || now - heardAt > SILENCE.toNanos();
    }
}
