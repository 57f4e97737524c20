package dev.penumbra.simulator;

import java.util.PriorityQueue;

/** Time that passes from one event to the next. */
final class VirtualTime {
    static final long MILLI = 1_000_000;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long scheduled;

    private record Event(long at, long number, Runnable task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    /** Nanoseconds since the beginning. */
    long now() {
        return now;
    }

    void after(long nanos, Runnable task) {
        events.add(new Event(now + Math.max(0, nanos), scheduled++, task));
    }

    /** Lets happen what happens until a moment. */
    void runUntil(long moment) {
        while (!events.isEmpty() && events.element().at() <= moment) {
            Event event = events.remove();
            now = event.at();
            event.task().run();
        }
        now = moment;
    }
}
