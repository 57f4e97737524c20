package dev.penumbra.journal;

import org.jspecify.annotations.Nullable;

/** The kinds of journal record. The codes are part of the journal format and never reused. */
enum RecordKind {
    /** A table layout; repeated at the head of every file, takes no position. */
    SCHEMA(1),
    /** A change of a row, or the event that a table has a layout or is complete from here on. */
    CHANGE(2),
    /** The transaction's changes, which stand right before this record, are committed. */
    COMMIT(3),
    /** A table lost all its rows at once, or is gone. */
    TRUNCATE(4),
    /** The source was opened; says where the former epoch ended. */
    EPOCH(5),
    /** Everything up to a position is safe on the source's disk. */
    DURABLE_MARK(6),
    /** A change that brings the journal back to what the source recovered. */
    CORRECTION(7),
    /** Changes are missing here; every table must be brought anew. */
    GAP(8),
    /** The changes since the last commit were given up by a living writer. */
    ABANDON(9);

    /** The first code kept free for kinds of later versions; such a record's body begins with its kind's name. */
    static final int RESERVED_FROM = 32;

    /** The last code kept free for kinds of later versions. */
    static final int RESERVED_TO = 63;

    private static final RecordKind[] BY_CODE = values();

    private final int code;

    RecordKind(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** The kind with a code, or null when this version knows none. */
    static @Nullable RecordKind ofCode(int code) {
        return code < 1 || code > BY_CODE.length ? null : BY_CODE[code - 1];
    }
}
