package dev.penumbra.ignite.sql;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The moment that a {@code FOR SYSTEM_TIME AS OF} behind a table's name asks for.
 *
 * @param moment the moment; null when a parameter gives it
 * @param parameter the number of that parameter in its statement, from 0; negative when none gives it
 * @param aliased whether the table has an alias behind the clause
 * @param end offset behind the clause's last character
 */
@Internal
public record AsOf(@Nullable Moment moment, int parameter, boolean aliased, int end) {
    /** What is accepted. */
    public static final String EXPECTED =
            "a position such as '1:42', a time such as '2026-01-31T12:00:00Z' or TIMESTAMP '2026-01-31 12:00:00', or a parameter";

    private static final Pattern POSITION = Pattern.compile("[0-9]+:[0-9]+");

    /** A moment of a source: one of both is null. */
    public record Moment(
            @Nullable Position position, @Nullable Instant time) {
        /** A position. */
        public static Moment of(Position position) {
            return new Moment(position, null);
        }

        /** A time of the source's clock. */
        public static Moment of(Instant time) {
            return new Moment(null, time);
        }

        @Override
        public String toString() {
            return position != null ? position.toString() : String.valueOf(time);
        }
    }

    /**
     * A moment as it was typed, or given as a parameter's value. A time without a zone is one of this node's, and all nodes of a grid have
     * the same.
     *
     * @throws PenumbraException with {@link ErrorCode#SQL_SYNTAX} when it is none
     */
    public static Moment parse(@Nullable Object value) {
        try {
            if (value instanceof Timestamp time) {
                return Moment.of(time.toInstant());
            }
            if (value instanceof Instant time) {
                return Moment.of(time);
            }
            if (value instanceof LocalDateTime time) {
                return Moment.of(time.atZone(ZoneId.systemDefault()).toInstant());
            }
            if (value instanceof String text) {
                return POSITION.matcher(text.strip()).matches()
                        ? Moment.of(Position.parse(text.strip()))
                        : Moment.of(OffsetDateTime.parse(text.strip()).toInstant());
            }
        } catch (DateTimeException | PenumbraException e) {
            throw new PenumbraException(ErrorCode.SQL_SYNTAX, e)
                    .with("expected", EXPECTED)
                    .with("found", value);
        }
        throw new PenumbraException(ErrorCode.SQL_SYNTAX)
                .with("expected", EXPECTED)
                .with("found", value == null ? "NULL" : value);
    }

    /** The moment where parameters have these values; null where the one that gives it is not known. */
    @Nullable Moment moment(@Nullable Object[] parameters) {
        if (moment != null) {
            return moment;
        }
        return parameter < parameters.length ? parse(parameters[parameter]) : null;
    }
}
