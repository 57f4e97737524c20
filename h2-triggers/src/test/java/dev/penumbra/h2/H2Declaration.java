package dev.penumbra.h2;

import static dev.penumbra.capture.Support.refused;
import static dev.penumbra.capture.Support.supported;

import dev.penumbra.capture.Capability;
import dev.penumbra.capture.SourceDeclaration;
import dev.penumbra.capture.Support;

/** What H2's capture can and cannot do. */
public final class H2Declaration implements SourceDeclaration {
    @Override
    public String title() {
        return "H2";
    }

    @Override
    public Support support(Capability capability) {
        return switch (capability) {
            case INSERT,
                    UPDATE,
                    DELETE,
                    MANY_ROWS,
                    INSERT_SELECT,
                    MERGE,
                    MERGE_DELETE,
                    NO_OP_UPDATE,
                    KEY_UPDATE,
                    DELETE_CASCADE,
                    DELETE_SET_NULL,
                    UPDATE_CASCADE,
                    COMMIT,
                    WHOLE_TRANSACTIONS,
                    ROLLBACK,
                    SAVEPOINT,
                    FAILED_STATEMENT,
                    FAILURE_IN_TRANSACTION,
                    CHECK,
                    EXISTING_ROWS,
                    RECAPTURE,
                    DROP_TABLE,
                    FOREIGN_KEY,
                    SCHEMAS,
                    DATABASES,
                    COMPOSITE_KEY,
                    TEXT_KEY,
                    UNIQUE_KEY,
                    MIXED_CASE_NAMES,
                    UNICODE_NAMES,
                    HOSTILE_NAMES,
                    DOTTED_COLUMNS,
                    NAMES_OF_LINES,
                    LONGEST_NAMES,
                    ALIKE_NAMES,
                    NULLS,
                    TYPES,
                    LOBS,
                    LARGE_ROWS,
                    WIDE_TABLES,
                    GENERATED_COLUMNS,
                    IDENTITY_COLUMNS -> supported();
            case KEY_SHIFT -> supported("except beside a cascade or trigger that writes, PENUMBRA-1016");
            case ADD_COLUMN, ADD_COLUMN_WITH_DEFAULT, DROP_COLUMN, RENAME_COLUMN, RETYPE_COLUMN ->
                supported("the table comes anew");
            case DROP_KEY ->
                supported("the table leaves; writing to it is refused with PENUMBRA-1004 until it has one");
            case RENAME_TABLE -> supported("it leaves, and comes anew under its new name");
            case TRUNCATE -> supported("as one change");
            case NULLABLE_KEY, NO_KEY -> refused("PENUMBRA-1004", "");
            case MISSING_TABLE -> refused("PENUMBRA-1003", "");
            case OTHER_TYPES -> refused("PENUMBRA-1005", "GEOMETRY, JAVA_OBJECT, ROW");
            case UNBOUNDED_LOBS -> refused("PENUMBRA-1006", "");
            case NOT_CAPTURED -> refused("PENUMBRA-1008", "");
            case TOO_LARGE_CHANGES, TOO_LARGE_ROWS -> refused("PENUMBRA-1017", "");
        };
    }
}
