package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.Routing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.ignite.cache.query.FieldsQueryCursor;
import org.apache.ignite.internal.processors.cache.QueryCursorImpl;
import org.apache.ignite.internal.processors.query.GridQueryFieldMetadata;
import org.apache.ignite.internal.processors.query.calcite.prepare.CalciteQueryFieldMetadata;

/** What Penumbra's own statements give back. */
final class QueryAnswers {
    private static final int UNSPECIFIED = -1;

    /** The columns of {@code EXPLAIN SHADOW}. */
    static final List<GridQueryFieldMetadata> EXPLAIN_FIELDS =
            List.of(text("ASKED"), text("COPY"), text("REASON"), text("APPLIED"), text("CONSISTENCY"));

    private static final List<GridQueryFieldMetadata> COUNT_FIELDS = List.of(
            new CalciteQueryFieldMetadata("", "", "ROWCOUNT", Long.class.getName(), UNSPECIFIED, UNSPECIFIED, false));

    private QueryAnswers() {}

    /** The engine's own answer to a DDL statement: an update of no rows. */
    static FieldsQueryCursor<List<?>> done() {
        QueryCursorImpl<List<?>> cursor = new QueryCursorImpl<>(List.of(List.of(0L)), null, false, false);
        cursor.fieldsMeta(COUNT_FIELDS);
        return cursor;
    }

    static FieldsQueryCursor<List<?>> explained(Routing routing) {
        List<List<?>> rows = new ArrayList<>();
        for (Routing.Answer answer : routing.answers()) {
            String applied = answer.applied() == null ? null : answer.applied().toString();
            rows.add(Arrays.asList(
                    answer.name(),
                    answer.copy(),
                    answer.reason(),
                    applied,
                    answer.asked().toString()));
        }
        QueryCursorImpl<List<?>> cursor = new QueryCursorImpl<>(rows);
        cursor.fieldsMeta(EXPLAIN_FIELDS);
        return cursor;
    }

    /** Rows that have been read already. */
    static FieldsQueryCursor<List<?>> read(List<List<?>> rows, List<GridQueryFieldMetadata> fields) {
        QueryCursorImpl<List<?>> cursor = new QueryCursorImpl<>(rows);
        cursor.fieldsMeta(fields);
        return cursor;
    }

    private static GridQueryFieldMetadata text(String name) {
        return new CalciteQueryFieldMetadata("", "", name, String.class.getName(), UNSPECIFIED, UNSPECIFIED, true);
    }
}
