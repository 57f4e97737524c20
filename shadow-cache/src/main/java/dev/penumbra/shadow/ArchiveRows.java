package dev.penumbra.shadow;

import dev.penumbra.model.Column;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.LinkedHashMap;
import org.apache.ignite.IgniteBinary;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CacheKeyConfiguration;
import org.apache.ignite.cache.QueryEntity;
import org.jspecify.annotations.Nullable;

/**
 * What was before each change of a copy's rows, in the form in which the copy's archive holds it.
 *
 * <p>An entry says what stood under a key until a position: a row, or nothing. It is what the change at that position says by itself, so
 * that writing it again, or out of order, changes nothing. What stood there at a moment is in the entry with the smallest position after
 * that moment, and, where there is none, what the copy has. Entries are where their rows are, partition by partition.
 *
 * <p>In SQL the archive is a table of all versions, those that the copy has included: its columns are the copy's, and {@link
 * #SINCE_EPOCH}, {@link #SINCE}, {@link #UNTIL_EPOCH} and {@link #UNTIL}, which say from which position on, and before which, that version was
 * there. Whatever reads the table makes these rows; none of them is stored as such.
 *
 * <p>Immutable; safe for use by several threads.
 */
@Internal
public final class ArchiveRows {
    /** The field of a key that is the row's own key, as the copy holds it. */
    public static final String ROW = "ROW";

    /** The field of a key that is the epoch of the position until which it was so. */
    public static final String AT_EPOCH = "EPOCH";

    /** The field of a key that is that position's sequence. */
    public static final String AT = "SEQUENCE";

    /** The field of a key that says when the change there was committed, in milliseconds of the source's clock. */
    public static final String COMMITTED = "COMMITTED";

    /** The binary type of the values of entries that say that there was no row. */
    public static final String ABSENT_TYPE = "penumbra.absent";

    // What no column of a table is called.
    private static final String MARK = "\u0001";

    /** The column with the epoch of the position from which on a version was there. */
    public static final String SINCE_EPOCH = MARK + "SINCE_EPOCH";

    /** The column with that position's sequence. */
    public static final String SINCE = MARK + "SINCE";

    /** The column with the epoch of the position from which on a version was not there any more. */
    public static final String UNTIL_EPOCH = MARK + "UNTIL_EPOCH";

    /** The column with that position's sequence. */
    public static final String UNTIL = MARK + "UNTIL";

    private final IgniteBinary binary;
    private final String keyType;
    private final BinaryObject absent;

    /**
     * @param binary the grid's binary objects
     * @param copy an archived copy that is built
     */
    public ArchiveRows(IgniteBinary binary, Copy copy) {
        this.binary = binary;
        this.keyType = copy.archiveKeyType();
        this.absent = binary.builder(ABSENT_TYPE).build();
    }

    /**
     * An entry's key.
     *
     * @param row the row's key as the copy holds it
     * @param until the position of the change
     * @param committedAtMillis when it was committed, by the source's clock
     */
    public BinaryObject key(Object row, Position until, long committedAtMillis) {
        return binary.builder(keyType)
                .setField(ROW, row)
                .setField(AT_EPOCH, until.epoch())
                .setField(AT, until.sequence())
                .setField(COMMITTED, committedAtMillis)
                .build();
    }

    /** An entry's value: the row as the copy held it, null for none. */
    public BinaryObject value(@Nullable BinaryObject row) {
        return row == null ? absent : row;
    }

    static CacheKeyConfiguration affinity(Copy copy) {
        return new CacheKeyConfiguration(copy.archiveKeyType(), ROW);
    }

    static QueryEntity queryEntity(Copy copy) {
        LinkedHashMap<String, String> fields = new LinkedHashMap<>();
        for (Column column : copy.requiredLayout().columns()) {
            fields.put(
                    column.name(), StoredForm.storedClass(column.type().type()).getName());
        }
        fields.put(SINCE_EPOCH, Integer.class.getName());
        fields.put(SINCE, Long.class.getName());
        fields.put(UNTIL_EPOCH, Integer.class.getName());
        fields.put(UNTIL, Long.class.getName());
        return new QueryEntity(copy.archiveKeyType(), copy.archiveKeyType() + ".version")
                .setTableName(copy.sqlTable())
                .setFields(fields);
    }
}
