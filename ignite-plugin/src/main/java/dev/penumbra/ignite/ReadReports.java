package dev.penumbra.ignite;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadSamples;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Tells whoever feeds this datacenter which rows this node reads in its shadows, so that what is read is written first.
 *
 * <p>Safe for use by several threads; {@link #send} by one at a time.
 */
final class ReadReports {
    private final @Nullable Datacenter local;
    private final Line line;
    private final Map<String, Copy> copies = new ConcurrentHashMap<>();

    private record Copy(Candidate candidate, ReadSamples<Key> samples) {}

    /** The way to who feeds the datacenter. */
    @FunctionalInterface
    interface Line {
        /** Tells that rows of a copy have been read. May come to nothing. */
        void read(Candidate copy, ReadSamples.Sample<Key> sample);
    }

    /** @param local the datacenter of this node; null when it is in none, or in one where nothing waits to be written */
    ReadReports(@Nullable Datacenter local, Line line) {
        this.local = local;
        this.line = line;
    }

    /** A copy's rows are read. */
    void read(Candidate candidate, Collection<Key> keys) {
        FeedName feed = candidate.feed();
        if (feed == null || !feed.datacenter().equals(local)) {
            return;
        }
        Copy copy = copies.get(candidate.copy());
        if (copy == null) {
            copy = copies.computeIfAbsent(candidate.copy(), name -> new Copy(candidate, new ReadSamples<>()));
        }
        for (Key key : keys) {
            copy.samples().read(key);
        }
    }

    /** Tells what has been read since the last call. */
    void send() {
        copies.values().removeIf(copy -> {
            ReadSamples.Sample<Key> sample = copy.samples().take();
            if (sample.keys().isEmpty()) {
                return true;
            }
            line.read(copy.candidate(), sample);
            return false;
        });
    }
}
