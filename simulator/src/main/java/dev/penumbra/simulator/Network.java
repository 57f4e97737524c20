package dev.penumbra.simulator;

import dev.penumbra.model.Datacenter;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Links between datacenters, on which messages are late, overtake each other, come twice, or not at all. */
final class Network {
    private static final int LOST_PERCENT = 3;
    private static final int TWICE_PERCENT = 3;

    private final Random random;
    private final VirtualTime time;
    private final Map<Set<Datacenter>, Long> cutUntil = new HashMap<>();
    private boolean healthy;

    Network(Random random, VirtualTime time) {
        this.random = random;
        this.time = time;
    }

    /** No message is lost from here on, none is very late, and no link is cut. */
    void heal() {
        healthy = true;
        cutUntil.clear();
    }

    void cut(Datacenter one, Datacenter other, long nanos) {
        if (!one.equals(other) && !healthy) {
            cutUntil.put(Set.of(one, other), time.now() + nanos);
        }
    }

    private boolean isCut(Datacenter one, Datacenter other) {
        return !one.equals(other) && cutUntil.getOrDefault(Set.of(one, other), 0L) > time.now();
    }

    private long delay(Datacenter from, Datacenter to) {
        if (from.equals(to)) {
            return 20_000 + random.nextLong(300_000);
        }
        long usual = 5 * VirtualTime.MILLI + random.nextLong(30 * VirtualTime.MILLI);
        return !healthy && random.nextInt(100) < 2 ? usual + 200 * VirtualTime.MILLI : usual;
    }

    /** Sends what may be lost. */
    void message(Datacenter from, Datacenter to, Runnable arrival) {
        if (isCut(from, to)) {
            return;
        }
        boolean far = !from.equals(to) && !healthy;
        if (far && random.nextInt(100) < LOST_PERCENT) {
            return;
        }
        time.after(delay(from, to), arrival);
        if (far && random.nextInt(100) < TWICE_PERCENT) {
            time.after(delay(from, to), arrival);
        }
    }

    /** Sends what is sent again until it arrives. */
    void reliable(Datacenter from, Datacenter to, Runnable arrival) {
        if (isCut(from, to)) {
            time.after(20 * VirtualTime.MILLI, () -> reliable(from, to, arrival));
        } else {
            time.after(delay(from, to), arrival);
        }
    }
}
