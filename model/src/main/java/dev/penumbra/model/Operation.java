package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/** What a {@link Change} does. The numeric {@link #code()} is part of the journal format and never reused. */
@Incubating
public enum Operation {
    /** A row appears: no before image. */
    INSERT(1),
    /** A row changes under the same or another key: both images. */
    UPDATE(2),
    /** A row disappears: no after image. */
    DELETE(3),
    /** All rows of the table disappear at once: no key, no images. */
    TRUNCATE(4),
    /** The table has a layout from here on: no key, no images. */
    SCHEMA(5),
    /** The table and its rows are gone: no key, no images. */
    DROP(6),
    /**
     * The table's rows that stood before capture began have all been delivered: no key, no images. Between a table's
     * {@link #SCHEMA} and this its content is incomplete.
     */
    SNAPSHOT_END(7);

    private static final Operation[] BY_CODE = values();

    private final int code;

    Operation(int code) {
        this.code = code;
    }

    /** The operation's number in the journal format. */
    public int code() {
        return code;
    }

    /** Whether the operation concerns one row and so has a key. */
    public boolean isRowOperation() {
        return this == INSERT || this == UPDATE || this == DELETE;
    }

    /**
     * The operation with a given number.
     *
     * @throws PenumbraException with {@link ErrorCode#JOURNAL_CORRUPT} when no operation has it
     */
    public static Operation ofCode(int code) {
        if (code < 1 || code > BY_CODE.length) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("operationCode", code);
        }
        return BY_CODE[code - 1];
    }
}
