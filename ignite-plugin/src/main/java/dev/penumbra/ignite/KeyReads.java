package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.Routing;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadGate.Choice;
import dev.penumbra.shadow.read.ReadSession;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;

/** Reads rows of copies by their keys. Safe for use by several threads. */
final class KeyReads {
    private final Ignite ignite;
    private final NameRouter router;
    private final CopyBoard board;
    private final Function<ReadSession, Reader> readers;
    private final Reads reads;

    KeyReads(Ignite ignite, NameRouter router, CopyBoard board, Function<ReadSession, Reader> readers, Reads reads) {
        this.ignite = ignite;
        this.router = router;
        this.board = board;
        this.readers = readers;
        this.reads = reads;
    }

    Answer<Optional<Row>> read(ReadSession session, String table, Key key, Consistency asked) {
        return read(session, table, asked, covered -> covered.containsKey(key), rows -> rows.get(key));
    }

    Answer<Map<Key, Row>> readAll(ReadSession session, String table, Collection<Key> keys, Consistency asked) {
        return read(
                session,
                table,
                asked,
                covered -> keys.stream().allMatch(covered::containsKey),
                rows -> rows.getAll(keys));
    }

    private <T> Answer<T> read(
            ReadSession session,
            String table,
            Consistency asked,
            NameRouter.Need need,
            Function<KeyedRows, T> reading) {
        Reader reader = readers.apply(session);
        Routing.Answer chosen = router.route(table, asked, need, reader);
        try {
            ListedCopy copy = board.built(chosen.schema(), chosen.table());
            if (copy == null) {
                throw notACopy(chosen);
            }
            reads.started(chosen.source(), chosen.table());
            T value = reading.apply(copy.rows(built -> KeyedRows.open(ignite, built)));
            router.confirm(chosen);
            Choice choice = chosen.choice();
            Duration staleness = choice == null || choice.stalenessNanos().isEmpty()
                    ? null
                    : Duration.ofNanos(choice.stalenessNanos().getAsLong());
            return new Answer<>(value, asked, chosen.copy(), staleness, chosen.applied(), chosen.reason());
        } catch (IgniteException | javax.cache.CacheException e) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e).with("copy", chosen.copy());
        } finally {
            reader.ended(chosen);
        }
    }

    private static PenumbraException notACopy(Routing.Answer chosen) {
        return chosen.choice() != null && chosen.choice().candidate().feed() == null
                ? new PenumbraException(ErrorCode.NOT_SUPPORTED)
                        .with("table", chosen.copy())
                        .with("reason", "the table is an Ignite table: read its cache, or by SQL")
                : new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", chosen.copy());
    }
}
