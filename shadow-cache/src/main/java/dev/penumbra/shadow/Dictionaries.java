package dev.penumbra.shadow;

import dev.penumbra.model.api.Internal;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.thread.IgniteThread;
import org.jspecify.annotations.Nullable;

/**
 * The grid's dictionaries, in a replicated cache: every server node holds them all.
 *
 * <p>A dictionary is in that cache on every server node before {@link #publish} returns, and only then may a value name
 * it. Dictionaries are never removed or changed. Safe for use by several threads.
 */
@Internal
public final class Dictionaries {
    /** The cache of the dictionaries' content by number. */
    public static final String CONTENT = "penumbra-dictionaries";

    private static final String LATEST = "penumbra-dictionaries-latest";
    private static final String NUMBERS = "dictionary";

    private final Catalogue catalogue;
    private final IgniteCache<Integer, byte[]> content;
    private final IgniteCache<String, Integer> latest;
    private final Function<Integer, byte @Nullable []> held;
    private final Map<Integer, Dictionary> digested = new ConcurrentHashMap<>();

    /** @param held the content of a dictionary that this node stores itself; null when it does not, and never waits */
    public Dictionaries(Ignite ignite, Catalogue catalogue, Function<Integer, byte @Nullable []> held) {
        this.catalogue = catalogue;
        this.held = held;
        this.content = ignite.getOrCreateCache(Storage.<Integer, byte[]>replicated(CONTENT));
        this.latest = ignite.getOrCreateCache(Storage.<String, Integer>replicated(LATEST));
    }

    /**
     * Adds a dictionary and makes it the latest of its name.
     *
     * @param name what the dictionary is for, see {@link Copy#dictionaryName()}
     */
    public Dictionary publish(String name, byte[] trained) {
        int number = Math.toIntExact(catalogue.nextNumber(NUMBERS));
        content.put(number, trained);
        latest.put(name, number);
        return digest(number, trained);
    }

    /** The latest dictionary of a name. */
    public Optional<Dictionary> latest(String name) {
        @Nullable Integer number = latest.get(name);
        return number == null ? Optional.empty() : Optional.ofNullable(find(number));
    }

    /**
     * The dictionary of a number, or null when this node does not have it. On Ignite's own threads this never waits for
     * another node.
     */
    public @Nullable Dictionary find(int number) {
        Dictionary known = digested.get(number);
        if (known != null) {
            return known;
        }
        byte @Nullable [] stored = held.apply(number);
        if (stored == null && !(Thread.currentThread() instanceof IgniteThread)) {
            stored = content.get(number);
        }
        return stored == null ? null : digest(number, stored);
    }

    private Dictionary digest(int number, byte[] trained) {
        return digested.computeIfAbsent(number, key -> new Dictionary(key, trained));
    }
}
