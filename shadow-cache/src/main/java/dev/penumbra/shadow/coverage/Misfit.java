package dev.penumbra.shadow.coverage;

import dev.penumbra.model.Column;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;

/** A predicate does not fit a table's layout. */
final class Misfit extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient PenumbraException failure;

    private Misfit(PenumbraException failure) {
        // Thrown and caught for most statements on a partial shadow: where it came from is of no use.
        super(failure.getMessage(), failure, false, false);
        this.failure = failure;
    }

    static Misfit column(String name) {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_COLUMN).with("column", name));
    }

    static Misfit literal(Column column, String literal) {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_LITERAL)
                .with("column", column.name())
                .with("type", column.type())
                .with("literal", literal));
    }

    static Misfit notCompared(Column column, boolean equality) {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_EXPRESSION)
                .with("column", column.name())
                .with("type", column.type())
                .with(
                        "reason",
                        equality
                                ? "values of this type are only equal or not"
                                : "databases do not agree how values of this type compare"));
    }

    static Misfit expression(String found) {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_EXPRESSION).with("found", found));
    }

    static Misfit tooLong() {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_EXPRESSION)
                .with("reason", "more than " + Boxes.MAX + " alternatives"));
    }

    static Misfit key(int values, int columns) {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_LITERAL)
                .with("keyValues", values)
                .with("keyColumns", columns));
    }

    static Misfit segments(Column column) {
        return new Misfit(new PenumbraException(ErrorCode.COVERAGE_EXPRESSION)
                .with("column", column.name())
                .with("type", column.type())
                .with("reason", "segments are ranges of whole numbers or DECIMAL"));
    }

    PenumbraException failure() {
        return failure;
    }
}
