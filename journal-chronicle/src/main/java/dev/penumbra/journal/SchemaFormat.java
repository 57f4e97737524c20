package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;

/** A table layout as bytes, for whoever stores layouts outside a journal: a whole schema record with its checksum. */
@Internal
public final class SchemaFormat {
    private static final int INITIAL_BYTES = 512;

    private SchemaFormat() {}

    /** The bytes of a layout. */
    public static byte[] encode(TableSchema schema) {
        Output output = new Output(INITIAL_BYTES, Integer.MAX_VALUE - 8);
        new RecordFormat().encode(new JournalRecord.Schema(schema), output);
        return output.toBytes();
    }

    /**
     * The layout that {@link #encode} wrote.
     *
     * @throws PenumbraException with JOURNAL_CORRUPT or JOURNAL_NEWER when the bytes are not such a layout
     */
    public static TableSchema decode(byte[] bytes) {
        if (new RecordFormat().decode(bytes, bytes.length) instanceof JournalRecord.Schema record) {
            return record.schema();
        }
        throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("reason", "not a schema record");
    }
}
