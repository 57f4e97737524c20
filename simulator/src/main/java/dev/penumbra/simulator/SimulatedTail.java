package dev.penumbra.simulator;

import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.read.ProbeDesk;
import dev.penumbra.shadow.tail.DistantProbe;
import dev.penumbra.shadow.tail.ProbeRelay;
import dev.penumbra.shadow.tail.TailReceiver;
import dev.penumbra.shadow.tail.TailSender;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/**
 * A journal read from a process in another datacenter, over the real ends of a tail and a network that loses, delays and repeats what they
 * say.
 *
 * <p>A frame holds the numbers of transactions, in order.
 */
final class SimulatedTail {
    private static final long SAYS_EVERY = 250 * VirtualTime.MILLI;

    private final Random random;
    private final VirtualTime time;
    private final Network network;
    private final Datacenter home;
    private final Datacenter datacenter;
    private final SimulatedSource source;
    private final BooleanSupplier hostIsUp;
    private final TailSender sender;
    private final TailReceiver receiver;
    private final ProbeRelay relay;
    private final DistantProbe probe;
    private int sent;
    private boolean closed;
    private boolean open;
    private int atOpening;
    private int taken;

    /**
     * @param from the first transaction that is wanted
     * @param hostIsUp whether the process is there that reads the journal at home, and is the one that was there when the tail was opened
     */
    SimulatedTail(
            Random random,
            VirtualTime time,
            Network network,
            Datacenter home,
            Datacenter datacenter,
            SimulatedSource source,
            int from,
            BooleanSupplier hostIsUp) {
        this.random = random;
        this.time = time;
        this.network = network;
        this.home = home;
        this.datacenter = datacenter;
        this.source = source;
        this.hostIsUp = hostIsUp;
        this.sent = from;
        this.taken = from;
        // Where every tail soon breaks for a lost frame, nothing else that is lost would be missed.
        boolean losesFrames = random.nextInt(3) == 0;
        this.sender = new TailSender((number, frame) -> {
            Runnable arrival = () -> receiver().arrived(number, frame);
            if (losesFrames) {
                toReader(arrival);
            } else {
                network.reliable(home, datacenter, arrival);
            }
        });
        this.receiver = new TailReceiver(time::now, number -> toHost(() -> sender().taken(number)));
        this.relay = new ProbeRelay(said -> toReader(() -> probe().answered(said)));
        this.probe = new DistantProbe(question -> toHost(() -> relay().asked(question)));
        network.reliable(datacenter, home, () -> {
            atOpening = source.journal().size();
            open = true;
            read();
            say();
        });
        repeat();
    }

    private TailReceiver receiver() {
        return receiver;
    }

    private TailSender sender() {
        return sender;
    }

    private ProbeRelay relay() {
        return relay;
    }

    private DistantProbe probe() {
        return probe;
    }

    private void toReader(Runnable arrival) {
        network.message(home, datacenter, () -> {
            if (!closed) {
                arrival.run();
            }
        });
    }

    private void toHost(Runnable arrival) {
        network.message(datacenter, home, () -> {
            if (isServed()) {
                arrival.run();
            }
        });
    }

    private boolean isServed() {
        return !closed && hostIsUp.getAsBoolean();
    }

    private void read() {
        if (!isServed()) {
            return;
        }
        while (sent < source.journal().size() && sender.hasRoom()) {
            int end = Math.min(source.journal().size(), sent + 1 + random.nextInt(5));
            ByteBuffer frame = ByteBuffer.allocate((end - sent) * Integer.BYTES);
            while (sent < end) {
                frame.putInt(sent++);
            }
            sender.send(frame.array());
        }
        relay.look(source.probe());
        time.after(random.nextLong(3 * VirtualTime.MILLI), this::read);
    }

    private void say() {
        if (isServed()) {
            long frames = sender.sent();
            toReader(() -> receiver.heard(frames));
            time.after(SAYS_EVERY, this::say);
        }
    }

    private void repeat() {
        if (!closed) {
            probe.repeat();
            receiver.acknowledge();
            time.after(SAYS_EVERY, this::repeat);
        }
    }

    /** The way to the source over this tail. */
    ProbeDesk.Source source() {
        return probe;
    }

    /** Gives out the numbers of transactions that have come, in the order in which they are given out. */
    void take(IntConsumer transactions) {
        byte[] frame = receiver.take();
        while (frame != null) {
            ByteBuffer numbers = ByteBuffer.wrap(frame);
            while (numbers.hasRemaining()) {
                transactions.accept(numbers.getInt());
                taken++;
            }
            frame = receiver.take();
        }
    }

    /** Whether so many have come as there were when the tail was opened. */
    boolean hasComeToItsOpening() {
        return open && taken >= atOpening;
    }

    /** Whether nothing more is to be expected of it. */
    boolean isBroken() {
        return receiver.isBroken() || !hostIsUp.getAsBoolean();
    }

    void close() {
        closed = true;
    }
}
