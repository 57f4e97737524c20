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
 * <p>An entry says what stood under a key until a transaction: a row, or nothing. It is what the transaction's first change of that key says by itself, so
 * that writing it again, or out of order, changes nothing. A transaction counts at its last position, so that no position is in the middle of one. What stood there at a moment is in the entry with the smallest position after
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

    /** The field of a key that is the epoch of the transaction until which it was so. */
    public static final String EPOCH = "EPOCH";

    /** The field of a key that is the sequence of that transaction's first position. */
    public static final String FIRST = "FIRST";

    /** The field of a key that is the sequence of its last position. */
    public static final String LAST = "LAST";

    /** The field of a key that says when it was committed, in milliseconds of the source's clock. */
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
     * @param first the first position of the transaction
     * @param last its last position, which is of the same epoch
     * @param committedAtMillis when it was committed, by the source's clock
     */
    public BinaryObject key(Object row, Position first, Position last, long committedAtMillis) {
        return binary.builder(keyType)
                .setField(ROW, row)
                .setField(EPOCH, last.epoch())
                .setField(FIRST, first.sequence())
                .setField(LAST, last.sequence())
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
