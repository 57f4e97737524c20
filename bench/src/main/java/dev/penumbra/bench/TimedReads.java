package dev.penumbra.bench;

import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.query.SqlFieldsQuery;

/** Reads, and how long they took, as one side of a comparison. */
final class TimedReads {
    private TimedReads() {}

    /** Microseconds a read of a row, of some that are chosen at random but alike in each round. */
    static double[] rows(Key[] keys, int reads, Function<Key, Row> read) {
        SplittableRandom random = new SplittableRandom(reads);
        int columns = 0;
        long begin = System.nanoTime();
        for (int i = 0; i < reads; i++) {
            columns += read.apply(keys[random.nextInt(keys.length)]).size();
        }
        double elapsed = System.nanoTime() - begin;
        if (columns == 0) {
            throw new IllegalStateException("nothing was read");
        }
        return new double[] {elapsed / 1e3 / reads};
    }

    /** Microseconds of a statement, with its answer read to its end. */
    static double[] statement(IgniteCache<?, ?> cache, String sql) {
        long begin = System.nanoTime();
        int rows = cache.query(new SqlFieldsQuery(sql)).getAll().size();
        double elapsed = System.nanoTime() - begin;
        if (rows == 0) {
            throw new IllegalStateException("nothing was read");
        }
        return new double[] {elapsed / 1e3};
    }
}
