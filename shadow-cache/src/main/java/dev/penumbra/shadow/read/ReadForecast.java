package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;

/**
 * Which rows of one copy are about to be read. Used by one thread.
 *
 * @param <K> a row's key
 */
@Internal
public interface ReadForecast<K> {
    /** How likely it is that a row is read while a change of it is pending, between 0 and 1; 0 for a row of which nothing is known. */
    double chance(K key);

    /** Readers have read a row, about so many times. */
    void read(K key, double times);

    /** A reader has read the copy as a whole. */
    void readAll();
}
