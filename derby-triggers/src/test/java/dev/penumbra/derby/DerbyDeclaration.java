package dev.penumbra.derby;

import static dev.penumbra.capture.Support.notApplicable;
import static dev.penumbra.capture.Support.refused;
import static dev.penumbra.capture.Support.supported;

import dev.penumbra.capture.Capability;
import dev.penumbra.capture.SourceDeclaration;
import dev.penumbra.capture.Support;

/** What Derby's capture can and cannot do. */
public final class DerbyDeclaration implements SourceDeclaration {
    @Override
    public String title() {
        return "Derby";
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
                    KEY_SHIFT,
                    DELETE_CASCADE,
                    DELETE_SET_NULL,
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
            case UPDATE_CASCADE -> notApplicable("Derby has no ON UPDATE CASCADE");
            case ADD_COLUMN, ADD_COLUMN_WITH_DEFAULT, DROP_COLUMN, RETYPE_COLUMN -> supported("the table comes anew");
            case DROP_KEY ->
                supported("the table leaves; writing to it is refused with PENUMBRA-1004 until it has one");
            case RENAME_COLUMN, RENAME_TABLE -> refused("X0Y25", "by Derby, for the triggers' sake");
            case TRUNCATE -> refused("XCL49", "by Derby, for the triggers' sake");
            case NULLABLE_KEY, NO_KEY -> refused("PENUMBRA-1004", "");
            case MISSING_TABLE -> refused("PENUMBRA-1003", "");
            case OTHER_TYPES -> refused("PENUMBRA-1005", "XML, user-defined types");
            case UNBOUNDED_LOBS -> refused("PENUMBRA-1006", "");
            case NOT_CAPTURED -> refused("PENUMBRA-1008", "");
            case TOO_LARGE_CHANGES, TOO_LARGE_ROWS -> refused("PENUMBRA-1017", "");
        };
    }
}
