package dev.penumbra.shadow.tail;

import dev.penumbra.model.api.Internal;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The sending end of a tail: numbers frames and holds back when the other end does not take them.
 *
 * <p>Nothing is sent twice. A frame that is lost is missed at the other end, which opens another tail where it was.
 *
 * <p>Frames are sent by one thread; what has been taken may be told by any.
 */
@Internal
public final class TailSender {
    /** So much may be on its way or wait at the other end. */
    public static final int WINDOW_BYTES = 4 << 20;

    /** The way to the other end. Must not wait; a frame that cannot be sent is lost. */
    @FunctionalInterface
    public interface Link {
        void send(long number, byte[] frame);
    }

    private record Sent(long number, int bytes) {}

    private final Link link;
    private final Deque<Sent> underWay = new ArrayDeque<>();
    private long bytesUnderWay;
    private long sent;

    public TailSender(Link link) {
        this.link = link;
    }

    /** Whether the other end has room for a frame. */
    public synchronized boolean hasRoom() {
        return bytesUnderWay < WINDOW_BYTES;
    }

    /** How many frames have been sent. */
    public synchronized long sent() {
        return sent;
    }

    /** Sends a frame. */
    public void send(byte[] frame) {
        long number;
        synchronized (this) {
            number = ++sent;
            underWay.addLast(new Sent(number, frame.length));
            bytesUnderWay += frame.length;
        }
        link.send(number, frame);
    }

    /** The other end has taken all frames up to a number. */
    public synchronized void taken(long number) {
        while (!underWay.isEmpty() && underWay.getFirst().number() <= number) {
            bytesUnderWay -= underWay.removeFirst().bytes();
        }
    }
}
