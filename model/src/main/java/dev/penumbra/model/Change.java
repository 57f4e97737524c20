package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import org.jspecify.annotations.Nullable;

/**
 * One committed change of a captured table.
 *
 * <p>Row operations carry images: INSERT an after image, DELETE a before image, UPDATE both. An UPDATE may move a row
 * to another key; {@link #key()} is then the new one and the old one is that of the before image.
 *
 * @param position where the change stands in its stream
 * @param transaction the source's transaction that made it
 * @param operation what it does
 * @param origin why it is in the stream
 * @param schema the layout that the images have
 * @param before the row before, null for INSERT and for operations on whole tables; null also in a correction whose
 *     former image is unknown
 * @param after the row after, null for DELETE and for operations on whole tables
 * @param key the row's key after the change, or before it for DELETE; null for operations on whole tables
 */
@Incubating
public record Change(
        Position position,
        TransactionId transaction,
        Operation operation,
        Origin origin,
        TableSchema schema,
        @Nullable Key key,
        @Nullable Row before,
        @Nullable Row after) {
    public Change {
        boolean rowOperation = operation.isRowOperation();
        if (rowOperation != (key != null)) {
            throw new IllegalArgumentException("a change of one row, and only that, has a key: " + operation);
        }
        boolean hasAfter = operation == Operation.INSERT || operation == Operation.UPDATE;
        if (hasAfter != (after != null)) {
            throw new IllegalArgumentException("an insert and an update, and only they, have an after image");
        }
        if (before != null && !(operation == Operation.UPDATE || operation == Operation.DELETE)) {
            throw new IllegalArgumentException("only an update and a delete have a before image");
        }
    }

    /** The table that the change concerns. */
    public TableName table() {
        return schema.name();
    }

    /** The key under which the row stood before, when this is an UPDATE that moved it to another; otherwise null. */
    public @Nullable Key movedFrom() {
        if (operation != Operation.UPDATE || before == null) {
            return null;
        }
        Key former = schema.keyOf(before);
        return key != null && former.equals(key) ? null : former;
    }
}
