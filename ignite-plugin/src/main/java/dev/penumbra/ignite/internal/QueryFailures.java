package dev.penumbra.ignite.internal;

import dev.penumbra.model.PenumbraException;
import org.apache.ignite.internal.processors.cache.query.IgniteQueryErrorCode;
import org.apache.ignite.internal.processors.query.IgniteSQLException;

/** Penumbra's failures as Ignite carries them to SQL clients: the same message, and a SQLSTATE that says whose it is. */
final class QueryFailures {
    private QueryFailures() {}

    static IgniteSQLException of(PenumbraException failure) {
        return new IgniteSQLException(failure.getMessage(), code(failure), failure);
    }

    private static int code(PenumbraException failure) {
        return switch (failure.code()) {
            case NOT_SUPPORTED -> IgniteQueryErrorCode.UNSUPPORTED_OPERATION;
            case SHADOW_NOT_FOUND, SOURCE_NOT_FOUND, TABLE_NOT_FOUND -> IgniteQueryErrorCode.TABLE_NOT_FOUND;
            case SHADOW_EXISTS -> IgniteQueryErrorCode.TABLE_ALREADY_EXISTS;
            default ->
                failure.code().number() < FIRST_OF_ENVIRONMENT
                        ? IgniteQueryErrorCode.PARSING
                        : IgniteQueryErrorCode.UNKNOWN;
        };
    }

    private static final int FIRST_OF_ENVIRONMENT = 2000;
}
