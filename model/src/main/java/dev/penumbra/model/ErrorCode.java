package dev.penumbra.model;

import dev.penumbra.model.api.Stable;

/**
 * What can go wrong, grouped by who can mend it: 1000 the caller, 2000 the environment, 3000 stored data, 9000 Penumbra.
 *
 * <p>Numbers are fixed and never reused. The message says what is wrong and what to do; what varies stands in the
 * exception's context.
 */
@Stable
public enum ErrorCode {
    INVALID_POSITION(1001, "not a position: write it as EPOCH:SEQUENCE, for example 1:42"),
    INVALID_DATACENTER(
            1002, "not a datacenter name: use a lower-case letter followed by up to 31 letters, digits or underscores"),
    TABLE_NOT_FOUND(1003, "the table does not exist: check schema, name and letter case"),
    TABLE_WITHOUT_KEY(
            1004, "the table has no primary key and no unique constraint on NOT NULL columns: add one to capture it"),
    TYPE_NOT_CAPTURABLE(1005, "the column has a type that cannot be captured: change the type or leave the table out"),
    LOB_UNBOUNDED(
            1006,
            "the column can hold values above the configured LOB limit: declare a smaller length or raise penumbra.lob.max-bytes"),
    LOB_TOO_LARGE(1007, "the value is larger than the configured LOB limit: raise penumbra.lob.max-bytes"),
    NOT_CAPTURED(1008, "the table is not captured: install capture first"),
    SQL_SYNTAX(1009, "the statement is not valid"),
    SHADOW_NOT_FOUND(1010, "no such shadow: see SYS.PENUMBRA_SHADOWS"),
    SHADOW_EXISTS(1011, "the shadow exists already: drop it first or write IF NOT EXISTS"),
    SOURCE_NOT_FOUND(1012, "no such source table: is a node running with its journal (--journal)?"),
    DATACENTER_NOT_FOUND(1013, "no node of the grid is in this datacenter: check the name or start one"),
    INVALID_CONFIGURATION(1014, "the setting has an invalid value"),
    ALREADY_CAPTURED(1015, "the table is captured into another journal: remove that capture first"),
    NOT_SUPPORTED(1016, "the request is not supported"),
    RECORD_TOO_LARGE(1017, "the row is larger than the journal's record limit"),
    SOURCE_NAME_TAKEN(
            1018,
            "another journal of a source with this name is shipped into the grid: give each source its own name, or stop the other node first"),
    ROW_CHANGED(
            1019,
            "another transaction has changed a row between this statement's reading and its writing: run the statement again"),
    TRIGGER_EXISTS(1020, "the trigger exists already: drop it first or write IF NOT EXISTS"),
    TRIGGER_NOT_FOUND(1021, "no such trigger: see SYS.PENUMBRA_TRIGGERS"),
    CLASS_NOT_ALLOWED(
            1022,
            "triggers on this node may not call the class: add it to the plugin's list of classes on every node, or correct its name"),
    CLASS_NOT_CALLABLE(
            1023,
            "the class is not on the node's class path, is no RowTrigger, or has no public constructor without parameters"),
    CHECK_VIOLATED(1024, "the statement would leave a row that breaks a CHECK constraint of its table"),
    COPY_WRITTEN(
            1030,
            "tables in SHADOW, SHADOW_<DATACENTER> and HOME are copies that SQL cannot write: write to their source"),
    COPY_DEFINED(
            1031,
            "the schemas SHADOW, SHADOW_<DATACENTER> and HOME hold copies only: use CREATE SHADOW and DROP SHADOW, or another schema"),
    VIEW_OF_SHADOW(
            1032, "a view would keep the copy chosen today for ever: select from HOME in the view, or use no view"),
    COPY_LOADING(
            1033,
            "the copy is still loading and would answer with rows missing: read SHADOW or HOME, or wait until SYS.PENUMBRA_SHADOWS shows it READY"),
    COLUMN_AMBIGUOUS(
            1034,
            "the statement reads several copies of this table, so the column's full name can mean more than one: give the tables aliases"),
    SOURCE_AMBIGUOUS(
            1035,
            "several sources differ from this name in letter case only: write the source's name in double quotes"),
    INVALID_TOKEN(1036, "not a session token: pass it as it was returned"),
    INVALID_KEY(1037, "not a key of this table: give a value for each key column, in the type in which rows carry it"),
    COVERAGE_COLUMN(
            1040,
            "the table has no column of this name: names without quotes are folded to upper case, those in double quotes are kept"),
    COVERAGE_LITERAL(
            1041,
            "the literal does not fit: write whole numbers as such, dates as DATE '2026-01-31', times with at most milliseconds, and for KEYS one value for each key column"),
    COVERAGE_EXPRESSION(
            1042,
            "coverage cannot be said so: compare columns with literals by = <> < <= > >= IN BETWEEN and IS NULL, and combine that with AND, OR and NOT"),
    OUTSIDE_COVERAGE(
            1043,
            "the statement is not proven to need only rows that this shadow covers: read SHADOW, or filter by what the coverage says"),
    COVERAGE_UNFIT(
            1044,
            "the table's layout has changed and the shadow's coverage does not fit it any more: drop the shadow and create it anew"),
    COPY_RELEASED(
            1045,
            "the shadow has expired, or had to make room, and holds no rows that may be read: read SHADOW or HOME, or REFRESH SHADOW"),
    NO_ARCHIVE(
            1046,
            "only a shadow that was created WITH (ARCHIVE = '24h'), or for as long as is wanted, can be read as of a former moment: name such a one"),
    ARCHIVE_MOMENT(
            1047,
            "the archive does not reach there: ask for a position or a time between those that the message names"),

    JOURNAL_NOT_WRITABLE(
            2001, "the journal directory cannot be written: check that it exists, its rights and its disk"),
    JOURNAL_NOT_FOUND(2002, "there is no journal in this directory"),
    JOURNAL_IN_USE(2003, "another process writes this journal: one open database has one relay"),
    JOURNAL_OF_ANOTHER(
            2010,
            "another database has written this journal: give this one a directory of its own, or remove the old journal"),
    JOURNAL_FULL(2004, "the journal's disk has less free space than its reserve: free space or lower the reserve"),
    OUTBOX_FULL(2005, "the outbox has reached its limit because changes are not being journalled: see capture status"),
    SOURCE_UNAVAILABLE(2006, "the source database cannot be reached"),
    GRID_UNAVAILABLE(2007, "no node of the grid answers"),
    TIME_ZONE_DIFFERS(2009, "all nodes of the grid must run in the same time zone: set -Duser.timezone"),
    INCOMPATIBLE_H2(2008, "this H2 version is not supported by the capture jar"),
    INCOMPATIBLE_DERBY(2011, "this Derby version is not supported by the capture jar"),
    SOURCE_READ_ONLY(
            2012,
            "the source database is open for reading only, so its capture rests: open it for writing and check the rights of its files"),
    NODE_NOT_STARTED(2040, "the Ignite node did not start"),
    SQL_NOT_READY(2030, "this node has not started Penumbra yet: try again"),
    STALENESS(
            2031,
            "no copy can prove now that it has what the read asked for: try again, ask for less, or see SYS.PENUMBRA_FRONTIERS"),
    COPY_REPLACED(2032, "the copy was filled anew while it was read, so rows may be missing: run the statement again"),
    NOT_VALIDATED(
            2033,
            "the shadow does not have what its home image has, or its table is being written to: read SHADOW, which goes home then"),

    JOURNAL_NEWER(3001, "the journal was written by a newer version: upgrade this program"),
    JOURNAL_CORRUPT(3002, "a journal record is damaged: run penumbra journal verify"),
    RECORD_KIND_UNKNOWN(3003, "the journal holds a record of a kind that a newer version wrote: upgrade this program"),
    UNKNOWN_TYPE(3004, "the journal names a type that this version does not know: upgrade this program"),
    POSITION_GONE(3005, "the position has been removed by retention: resynchronise from a snapshot"),
    JOURNAL_GAP(3006, "changes are missing at this position: resynchronise from a snapshot"),
    DICTIONARY_MISSING(3007, "the dictionary that compressed this value is missing"),
    VALUE_CORRUPT(3008, "a stored value cannot be restored: drop the shadow and create it again"),
    VALUE_NEWER(3009, "a stored value was written by a newer version: upgrade this node"),

    INTERNAL(9001, "a defect in Penumbra: please report it with this message and the log");

    private final int number;
    private final String message;

    ErrorCode(int number, String message) {
        this.number = number;
        this.message = message;
    }

    /** The code's fixed number. */
    public int number() {
        return number;
    }

    /** What is wrong and what to do about it. */
    public String message() {
        return message;
    }
}
