package dev.penumbra.ignite;

import static dev.penumbra.capture.Support.notApplicable;
import static dev.penumbra.capture.Support.refused;
import static dev.penumbra.capture.Support.reported;
import static dev.penumbra.capture.Support.supported;

import dev.penumbra.capture.Capability;
import dev.penumbra.capture.SourceDeclaration;
import dev.penumbra.capture.Support;
import org.jspecify.annotations.NullMarked;

/** What the capture of Ignite tables can and cannot do. */
@NullMarked
public final class IgniteDeclaration implements SourceDeclaration {
    @Override
    public String title() {
        return "Ignite tables";
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
                    NO_OP_UPDATE,
                    EXISTING_ROWS,
                    RECAPTURE,
                    DROP_TABLE,
                    SCHEMAS,
                    COMPOSITE_KEY,
                    TEXT_KEY,
                    MIXED_CASE_NAMES,
                    UNICODE_NAMES,
                    HOSTILE_NAMES,
                    LONGEST_NAMES,
                    ALIKE_NAMES,
                    NULLS,
                    TYPES,
                    LARGE_ROWS,
                    WIDE_TABLES -> supported();
            case MERGE_DELETE -> notApplicable("Ignite's MERGE does not delete");
            case KEY_UPDATE -> refused("42000", "by Ignite");
            case KEY_SHIFT -> notApplicable("Ignite never changes a key");
            case DELETE_CASCADE, DELETE_SET_NULL, UPDATE_CASCADE, FOREIGN_KEY ->
                notApplicable("Ignite has no foreign keys");
            case COMMIT, ROLLBACK -> supported("of transactional caches");
            case WHOLE_TRANSACTIONS ->
                notApplicable("Ignite does not tell where a transaction ends; each change is one of its own");
            case SAVEPOINT -> notApplicable("Ignite has no savepoints");
            case FAILED_STATEMENT -> supported("what of it Ignite keeps is journalled");
            case FAILURE_IN_TRANSACTION -> notApplicable("Ignite's transactions end with a statement that fails");
            case CHECK -> notApplicable("Ignite has no CHECK constraints");
            case ADD_COLUMN, DROP_COLUMN -> supported("the table comes anew");
            case ADD_COLUMN_WITH_DEFAULT -> notApplicable("Ignite's added columns have no defaults");
            case RENAME_COLUMN, RETYPE_COLUMN, RENAME_TABLE ->
                notApplicable("Ignite's ALTER TABLE adds and drops columns only");
            case DROP_KEY -> notApplicable("the key of an Ignite table stays");
            case TRUNCATE -> notApplicable("Ignite has no TRUNCATE");
            case DATABASES -> supported("two nodes of different grids");
            case UNIQUE_KEY, NULLABLE_KEY -> notApplicable("Ignite has no unique constraints");
            case NO_KEY -> refused("PENUMBRA-1004", "the hidden key that Ignite gives it is no column");
            case DOTTED_COLUMNS -> notApplicable("Ignite SQL does not find columns with dots in their names");
            case NAMES_OF_LINES -> notApplicable("names in Ignite SQL have one line");
            case MISSING_TABLE -> refused("PENUMBRA-1003", "");
            case NOT_CAPTURED -> refused("PENUMBRA-1021", "");
            case OTHER_TYPES -> refused("PENUMBRA-1005", "INTERVAL, OTHER, ANY, arrays");
            case LOBS -> supported("VARCHAR and VARBINARY");
            case UNBOUNDED_LOBS -> notApplicable("Ignite has no CLOB and BLOB");
            case TOO_LARGE_CHANGES -> supported("the rows of the row's partition come anew");
            case TOO_LARGE_ROWS ->
                reported("PENUMBRA-1017", "`SYS.PENUMBRA_TRIGGERS` shows it until the row is gone or smaller");
            case GENERATED_COLUMNS -> notApplicable("Ignite has no generated columns");
            case IDENTITY_COLUMNS -> notApplicable("Ignite has no identity columns");
        };
    }
}
