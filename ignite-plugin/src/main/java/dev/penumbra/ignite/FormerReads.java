package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.Archived;
import dev.penumbra.ignite.sql.AsOf;
import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.Routing;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadSession;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import javax.cache.CacheException;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;

/** Reads rows of copies by their keys as they were. Safe for use by several threads. */
final class FormerReads {
    private final Ignite ignite;
    private final NameRouter router;
    private final CopyBoard board;
    private final Function<ReadSession, Reader> readers;
    private final Reads reads;

    FormerReads(Ignite ignite, NameRouter router, CopyBoard board, Function<ReadSession, Reader> readers, Reads reads) {
        this.ignite = ignite;
        this.router = router;
        this.board = board;
        this.readers = readers;
        this.reads = reads;
    }

    Answer<Map<Key, Row>> read(ReadSession session, String table, Collection<Key> keys, AsOf.Moment moment) {
        Reader reader = readers.apply(session).onlyChoosing();
        Routing.Answer chosen =
                router.route(table, moment, covered -> keys.stream().allMatch(covered::containsKey), reader);
        try {
            Archived was = Objects.requireNonNull(chosen.archived());
            ListedCopy copy = board.built(chosen.schema(), chosen.table());
            if (copy == null) {
                throw new PenumbraException(ErrorCode.COPY_REPLACED).with("copy", chosen.copy());
            }
            reads.started(chosen.source(), chosen.table());
            Map<Key, Row> rows =
                    copy.rows(built -> KeyedRows.open(ignite, built)).getFormer(keys, was.at());
            router.confirm(chosen);
            return new Answer<>(
                    rows,
                    Consistency.eventual(),
                    Answer.Source.ARCHIVE,
                    chosen.copy(),
                    null,
                    was.at(),
                    chosen.reason());
        } catch (IgniteException | CacheException e) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e).with("copy", chosen.copy());
        } finally {
            reader.ended(chosen);
        }
    }
}
