package dev.penumbra.shadow;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a layout is stored in the catalogue.
 *
 * <pre>
 *  byte   format version, 1
 *  utf    schema, table
 *  int    number of columns, then for each
 *           utf name, byte nullable, type
 *  int    number of key columns, then utf name of each
 *
 *  type = byte SQL type code, long precision, int scale, element type when it is an array
 * </pre>
 */
final class TableSchemaFormat {
    private static final int VERSION = 1;

    private TableSchemaFormat() {}

    static byte[] toBytes(TableSchema layout) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeUTF(layout.name().schema());
            out.writeUTF(layout.name().table());
            out.writeInt(layout.size());
            for (Column column : layout.columns()) {
                out.writeUTF(column.name());
                out.writeBoolean(column.nullable());
                writeType(out, column.type());
            }
            List<Column> key = layout.keyColumns();
            out.writeInt(key.size());
            for (Column column : key) {
                out.writeUTF(column.name());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static TableSchema fromBytes(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new PenumbraException(ErrorCode.VALUE_NEWER)
                        .with("found", version)
                        .with("supported", VERSION);
            }
            TableName name = new TableName(in.readUTF(), in.readUTF());
            int size = in.readInt();
            List<Column> columns = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                String column = in.readUTF();
                boolean nullable = in.readBoolean();
                columns.add(new Column(column, readType(in), nullable));
            }
            int keySize = in.readInt();
            List<String> key = new ArrayList<>();
            for (int i = 0; i < keySize; i++) {
                key.add(in.readUTF());
            }
            return new TableSchema(name, columns, key);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.VALUE_CORRUPT, e);
        }
    }

    private static void writeType(DataOutputStream out, ColumnType type) throws IOException {
        out.writeByte(type.type().code());
        out.writeLong(type.precision());
        out.writeInt(type.scale());
        ColumnType element = type.element();
        if (element != null) {
            writeType(out, element);
        }
    }

    private static ColumnType readType(DataInputStream in) throws IOException {
        SqlType type = SqlType.ofCode(in.readUnsignedByte());
        long precision = in.readLong();
        int scale = in.readInt();
        @Nullable ColumnType element = type == SqlType.ARRAY ? readType(in) : null;
        return new ColumnType(type, precision, scale, element);
    }
}
