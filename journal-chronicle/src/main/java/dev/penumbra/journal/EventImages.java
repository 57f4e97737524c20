package dev.penumbra.journal;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The end of an event's body, which a source's outbox stores as it is: operation, schema fingerprint, images.
 *
 * <pre>
 *  0           1                              9
 *  +-----------+------------------------------+----------------+---------+----------------+--------
 *  | operation |  fingerprint of the schema   | before length  | before  |  after length  | after
 *  +-----------+------------------------------+----------------+---------+----------------+--------
 *                                             length + 1 in four bytes; 0 for no image
 * </pre>
 *
 * <p>Because the outbox holds these very bytes, a relay appends a change without decoding its rows.
 */
@Internal
public final class EventImages {
    private static final int HEAD_LENGTH = 1 + Long.BYTES;

    private EventImages() {}

    /** Begins the images of an event; one or two {@link #beginImage} / {@link #endImage} pairs or absences follow. */
    public static void writeHead(Output output, Operation operation, long fingerprint) {
        output.writeByte(operation.code());
        output.writeLong(fingerprint);
    }

    /** Begins an image and returns what {@link #endImage} needs to know. */
    public static int beginImage(Output output) {
        output.writeInt(0);
        return output.position();
    }

    /** Ends an image whose row has been written since {@link #beginImage} returned this value. */
    public static void endImage(Output output, int begin) {
        int end = output.position();
        output.setPosition(begin - Integer.BYTES);
        output.writeInt(end - begin + 1);
        output.setPosition(end);
    }

    /** Says that the event has no image here. */
    public static void writeAbsent(Output output) {
        output.writeInt(0);
    }

    /** Writes a whole event end from rows. */
    public static void write(
            Output output, Operation operation, TableSchema schema, @Nullable Row before, @Nullable Row after) {
        writeHead(output, operation, schema.fingerprint().value());
        writeRow(output, schema, before);
        writeRow(output, schema, after);
    }

    private static void writeRow(Output output, TableSchema schema, @Nullable Row row) {
        if (row == null) {
            writeAbsent(output);
        } else {
            int begin = beginImage(output);
            RowFormat.write(output, schema, row);
            endImage(output, begin);
        }
    }

    /** Of an update, the delete of the row before. */
    public static byte[] deleteOf(byte[] update) {
        int afterLength = update.length - HEAD_LENGTH - Integer.BYTES - beforeLength(update);
        byte[] delete = Arrays.copyOf(update, update.length - afterLength + Integer.BYTES);
        delete[0] = (byte) Operation.DELETE.code();
        Arrays.fill(delete, delete.length - Integer.BYTES, delete.length, (byte) 0);
        return delete;
    }

    /** Of an update, the insert of the row after. */
    public static byte[] insertOf(byte[] update) {
        int beforeLength = beforeLength(update);
        byte[] insert = new byte[update.length - beforeLength];
        System.arraycopy(update, 1, insert, 1, HEAD_LENGTH - 1);
        insert[0] = (byte) Operation.INSERT.code();
        int after = HEAD_LENGTH + Integer.BYTES;
        System.arraycopy(update, after + beforeLength, insert, after, insert.length - after);
        return insert;
    }

    private static int beforeLength(byte[] images) {
        return new Input(images, HEAD_LENGTH, Integer.BYTES).readInt() - 1;
    }

    static void write(
            Output output, Operation operation, Fingerprint schema, @Nullable Bytes before, @Nullable Bytes after) {
        writeHead(output, operation, schema.value());
        writeImage(output, before);
        writeImage(output, after);
    }

    private static void writeImage(Output output, @Nullable Bytes image) {
        if (image == null) {
            writeAbsent(output);
        } else {
            output.writeInt(image.length() + 1);
            output.writeBytes(image.array());
        }
    }

    static @Nullable Bytes readImage(Input input) {
        int length = input.readInt() - 1;
        if (length < 0) {
            return null;
        }
        if (length > input.limit() - input.position()) {
            throw new KryoException("image of " + length + " bytes does not fit its record");
        }
        return Bytes.wrap(input.readBytes(length));
    }

    /** The operation of an encoded event end. */
    public static Operation operation(byte[] images) {
        if (images.length < HEAD_LENGTH) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("imagesLength", images.length);
        }
        return Operation.ofCode(images[0]);
    }

    /** The fingerprint of the schema of an encoded event end. */
    public static Fingerprint schema(byte[] images) {
        if (images.length < HEAD_LENGTH) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("imagesLength", images.length);
        }
        return new Fingerprint(new Input(images, 1, Long.BYTES).readLong());
    }

    /** The row before, decoded, or null when the event has none. */
    public static @Nullable Row before(byte[] images, TableSchema schema) {
        Input input = new Input(images, HEAD_LENGTH, images.length - HEAD_LENGTH);
        return decode(readImage(input), schema);
    }

    /** The row after, decoded, or null when the event has none. */
    public static @Nullable Row after(byte[] images, TableSchema schema) {
        Input input = new Input(images, HEAD_LENGTH, images.length - HEAD_LENGTH);
        readImage(input);
        return decode(readImage(input), schema);
    }

    static @Nullable Row decode(@Nullable Bytes image, TableSchema schema) {
        return image == null ? null : RowFormat.read(new Input(image.array()), schema);
    }
}
