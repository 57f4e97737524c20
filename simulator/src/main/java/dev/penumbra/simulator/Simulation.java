package dev.penumbra.simulator;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/**
 * One run of a simulated grid of three datacenters: a source is written to, its changes are carried to a home image and two shadows,
 * nodes read at all levels, and links, processes and copies fail. When all has come to rest, every level must be answered with what
 * is committed.
 */
@Internal
public final class Simulation implements SimulatedReader.Grid {
    private static final long SECOND = 1_000 * VirtualTime.MILLI;
    private static final int KEYS = 12;
    private static final int READERS_ABROAD = 3;

    private final long seed;
    private final Random random;
    private final VirtualTime time = new VirtualTime();
    private final History history = new History(KEYS);
    private final Network network;
    private final SimulatedSource source;
    private final Datacenter home = Datacenter.of("home");
    private final Map<Datacenter, SimulatedFeed> feeds = new LinkedHashMap<>();
    private final List<SimulatedReader> readers = new ArrayList<>();
    private final List<Map.Entry<SessionToken, Integer>> tokens = new ArrayList<>();
    private boolean resting;
    private long faults;

    private Simulation(long seed) {
        this.seed = seed;
        this.random = new Random(seed);
        this.network = new Network(random, time);
        this.source = new SimulatedSource(random, time, history, KEYS);
        SimulatedFeed homeFeed = new SimulatedFeed(random, time, network, source, home, home, null, KEYS);
        feeds.put(home, homeFeed);
        for (String place : List.of("eu", "us")) {
            Datacenter datacenter = Datacenter.of(place);
            feeds.put(datacenter, new SimulatedFeed(random, time, network, source, home, datacenter, homeFeed, KEYS));
        }
        for (Datacenter datacenter : feeds.keySet()) {
            for (int i = 0; i < (datacenter.equals(home) ? 1 : READERS_ABROAD); i++) {
                readers.add(new SimulatedReader(
                        random, time, network, history, this, datacenter, datacenter + "-" + i, KEYS));
            }
        }
    }

    /**
     * Runs.
     *
     * @param seed decides everything that happens
     * @param seconds for how long faults are injected, in simulated time
     */
    public static SimulationReport run(long seed, int seconds) {
        return new Simulation(seed).run(seconds * SECOND);
    }

    private SimulationReport run(long faultyNanos) {
        source.start();
        feeds.values().forEach(SimulatedFeed::start);
        boolean calm = isCalm(seed);
        if (calm) {
            heal();
        }
        time.runUntil(SECOND);
        readers.forEach(SimulatedReader::start);
        nextToken();
        if (!calm) {
            nextFault();
        }
        time.runUntil(faultyNanos);
        resting = true;
        heal();
        source.rest();
        readers.forEach(SimulatedReader::rest);
        time.runUntil(faultyNanos + 8 * SECOND);
        for (SimulatedReader reader : readers) {
            for (Consistency level : List.of(
                    Consistency.eventual(),
                    Consistency.bounded(Duration.ofMillis(200)),
                    Consistency.validated(),
                    Consistency.primary())) {
                reader.readAll(level);
            }
        }
        time.runUntil(faultyNanos + 11 * SECOND);
        readers.forEach(SimulatedReader::requireProof);
        return history.report(seed, faults);
    }

    /** Whether a seed's run is without faults: then no read may be refused. */
    public static boolean isCalm(long seed) {
        return seed % 10 == 0;
    }

    private void heal() {
        network.heal();
        source.heal();
    }

    private void nextToken() {
        time.after(random.nextLong(30 * VirtualTime.MILLI), () -> {
            source.token((token, commits) -> tokens.add(Map.entry(token, commits)));
            nextToken();
        });
    }

    private void nextFault() {
        time.after(random.nextLong(300 * VirtualTime.MILLI), () -> {
            if (resting) {
                return;
            }
            faults++;
            fault();
            nextFault();
        });
    }

    private void fault() {
        List<Datacenter> all = List.copyOf(feeds.keySet());
        Datacenter any = all.get(random.nextInt(all.size()));
        long lasting = (long) (random.nextDouble() * 800 * VirtualTime.MILLI);
        switch (random.nextInt(9)) {
            case 0, 1 -> network.cut(any, all.get(random.nextInt(all.size())), lasting);
            case 2 -> feed(any).kill(lasting / 4);
            case 3 -> feed(any).fail();
            case 4 -> feed(any).refill();
            case 5 -> source.restart(lasting / 4);
            case 6 -> source.bringAnew();
            case 7 -> feed(any).beginAnew();
            default -> readers.get(random.nextInt(readers.size())).start();
        }
    }

    @Override
    public Datacenter home() {
        return home;
    }

    @Override
    public SimulatedFeed feed(Datacenter datacenter) {
        return Objects.requireNonNull(feeds.get(datacenter));
    }

    @Override
    public void source(Consumer<Optional<Map<Integer, Integer>>> rows) {
        time.after(random.nextLong(5 * VirtualTime.MILLI), () -> rows.accept(source.rows()));
    }

    @Override
    public SimulatedReader nodeAtHome() {
        return readers.stream().filter(reader -> reader.isIn(home)).findFirst().orElseThrow();
    }

    @Override
    public List<Map.Entry<SessionToken, Integer>> tokens() {
        return tokens;
    }
}
