package dev.penumbra.capture;

/**
 * Something that happens to tables, or that tables are like. Every source declares of each whether it can be captured, every
 * {@link TriggerContractTest} shows that it is so, and {@code docs/sources.md} lists it.
 */
public enum Capability {
    INSERT(Group.STATEMENTS, "INSERT"),
    UPDATE(Group.STATEMENTS, "UPDATE"),
    DELETE(Group.STATEMENTS, "DELETE"),
    MANY_ROWS(Group.STATEMENTS, "one statement for many rows"),
    INSERT_SELECT(Group.STATEMENTS, "INSERT ... SELECT"),
    MERGE(Group.STATEMENTS, "MERGE"),
    MERGE_DELETE(Group.STATEMENTS, "MERGE that deletes"),
    NO_OP_UPDATE(Group.STATEMENTS, "UPDATE to the values that are there"),
    KEY_UPDATE(Group.STATEMENTS, "UPDATE of a key"),
    KEY_SHIFT(Group.STATEMENTS, "UPDATE that moves keys to those of other rows"),
    DELETE_CASCADE(Group.STATEMENTS, "ON DELETE CASCADE"),
    DELETE_SET_NULL(Group.STATEMENTS, "ON DELETE SET NULL"),
    UPDATE_CASCADE(Group.STATEMENTS, "ON UPDATE CASCADE"),

    COMMIT(Group.TRANSACTIONS, "commit of several statements"),
    WHOLE_TRANSACTIONS(Group.TRANSACTIONS, "a transaction is one in the journal, too"),
    ROLLBACK(Group.TRANSACTIONS, "rollback"),
    SAVEPOINT(Group.TRANSACTIONS, "rollback to a savepoint"),
    FAILED_STATEMENT(Group.TRANSACTIONS, "statement that fails half-way"),
    FAILURE_IN_TRANSACTION(Group.TRANSACTIONS, "transaction that goes on behind a statement that failed"),
    CHECK(Group.TRANSACTIONS, "CHECK constraints hold for every row"),

    EXISTING_ROWS(Group.TABLES, "rows from before the capture"),
    RECAPTURE(Group.TABLES, "capture removed and installed again"),
    ADD_COLUMN(Group.TABLES, "add a column"),
    ADD_COLUMN_WITH_DEFAULT(Group.TABLES, "add a column with a default"),
    DROP_COLUMN(Group.TABLES, "drop a column"),
    RENAME_COLUMN(Group.TABLES, "rename a column"),
    RETYPE_COLUMN(Group.TABLES, "change a column's type"),
    DROP_KEY(Group.TABLES, "drop a table's key"),
    RENAME_TABLE(Group.TABLES, "rename a table"),
    TRUNCATE(Group.TABLES, "TRUNCATE"),
    DROP_TABLE(Group.TABLES, "DROP TABLE"),
    FOREIGN_KEY(Group.TABLES, "foreign keys"),
    SCHEMAS(Group.TABLES, "tables of one name in two schemas"),
    DATABASES(Group.TABLES, "two databases in one process"),

    COMPOSITE_KEY(Group.KEYS, "key of many columns"),
    TEXT_KEY(Group.KEYS, "key of text"),
    UNIQUE_KEY(Group.KEYS, "unique constraint on NOT NULL columns"),
    NULLABLE_KEY(Group.KEYS, "unique constraint on columns that may be NULL"),
    NO_KEY(Group.KEYS, "no key"),

    MIXED_CASE_NAMES(Group.NAMES, "quoted names in mixed case"),
    UNICODE_NAMES(Group.NAMES, "names in any script"),
    HOSTILE_NAMES(Group.NAMES, "names with quotes, semicolons, blanks; of tables with dots, too"),
    DOTTED_COLUMNS(Group.NAMES, "names of columns with dots"),
    NAMES_OF_LINES(Group.NAMES, "names of several lines"),
    LONGEST_NAMES(Group.NAMES, "names as long as the source allows"),
    ALIKE_NAMES(Group.NAMES, "names that are another's beginning"),
    MISSING_TABLE(Group.NAMES, "name of no table"),
    NOT_CAPTURED(Group.NAMES, "end of a capture that there is not"),

    NULLS(Group.VALUES, "NULL"),
    TYPES(Group.VALUES, "extreme values of every type"),
    OTHER_TYPES(Group.VALUES, "types that a journal does not know"),
    LOBS(Group.VALUES, "texts and strings of bytes up to 1 MiB"),
    UNBOUNDED_LOBS(Group.VALUES, "CLOB and BLOB declared larger"),
    LARGE_ROWS(Group.VALUES, "rows of 1 MB"),
    TOO_LARGE_CHANGES(Group.VALUES, "updates above 4 MiB, both rows together"),
    TOO_LARGE_ROWS(Group.VALUES, "rows above 4 MiB"),
    WIDE_TABLES(Group.VALUES, "1,000 columns"),
    GENERATED_COLUMNS(Group.VALUES, "generated columns"),
    IDENTITY_COLUMNS(Group.VALUES, "identity columns");

    /** A table of {@code docs/sources.md}. */
    enum Group {
        STATEMENTS("Statements"),
        TRANSACTIONS("Transactions"),
        TABLES("Tables"),
        KEYS("Keys"),
        NAMES("Names"),
        VALUES("Values");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    private final Group group;
    private final String title;

    Capability(Group group, String title) {
        this.group = group;
        this.title = title;
    }

    Group group() {
        return group;
    }

    String title() {
        return title;
    }
}
